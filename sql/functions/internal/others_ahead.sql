-- Starts of other agents before the message in place `place` of this agent: each agent gives one message a round, as
-- long as it has any. Where at most `most` rows must be counted for this, they are counted now; else the number comes
-- from the totals, which are about a second old.
create or replace function signalbox.others_ahead(agent int, place bigint, most int) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit, generic
declare
	turn bigint := (select last_value from claim_turn);
	t    queue_totals;
	n    int;
	mine int;
begin
	select count(*) into n from (select from lanes limit 65) x;
	if n <= 64 and n * place <= most then
		return (select coalesce(sum(least(w.waiting, case when is_before(l.agent_id, agent, turn) then place else place - 1 end)), 0)
			from lanes l cross join lateral (
				select count(*) as waiting from (
					select from lane_cursors c cross join lateral (
						select from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting
							and q.state in ('ready', 'blocked', 'delayed') limit place) x
					where c.agent_id = l.agent_id limit place) y) w
			where l.agent_id <> agent);
	end if;
	select * into t from queue_totals order by id desc limit 1;
	if not found or t.agents = '{}' then
		return 0;
	end if;
	mine := coalesce(t.counts[array_position(t.agents, agent)], 0);
	n := width_bucket((place - 1)::int, t.sorted);    -- n agents have at most place - 1 waiting messages
	return coalesce(t.sums[n], 0) + (cardinality(t.agents) - n) * (place - 1) - least(mine, place - 1)
		+ (select count(*) from unnest(t.agents, t.counts) u(id, waiting)
		   where u.waiting >= place and u.id <> agent and is_before(u.id, agent, turn));
end $$;
