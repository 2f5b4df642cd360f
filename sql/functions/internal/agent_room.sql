-- How many messages of an agent may start now, at most `slots`, according to its limits, the breakers of its providers
-- (trouble: some breakers are open) and the providers that the asking worker cannot call (mute). The budget is checked
-- by affordable().
create or replace function signalbox.agent_room(agent int, slots int, trouble boolean, mute int[]) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit, generic
declare
	a    agents;
	room bigint := slots;
begin
	select * into a from agents x where x.id = agent;
	if trouble then
		room := least(room, route_room(a.id));
	end if;
	if mute <> '{}' and not can_serve(a.id, mute) or a.tokens_per_min is not null and tokens_lately(a.id) >= a.tokens_per_min then
		return 0;
	end if;
	if a.concurrency_limit is not null then
		room := least(room, a.concurrency_limit - running_of(a.id));
	end if;
	if a.rate_limit_per_min is not null then
		room := least(room, a.rate_limit_per_min
			- (select count(*) from starts s where s.agent_id = a.id and s.started_at > clock_timestamp() - interval '61 s'));
	end if;
	return room;
end $$;
