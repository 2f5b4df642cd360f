-- The time until which an agent's messages wait for its rate limit or for a breaker; null where it is not known.
create or replace function signalbox.held_until(agent int, waits text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if waits is null or waits not in ('rate', 'breaker') then
		return null;
	end if;
	return (
		select case waits
			when 'rate' then greatest(l.blocked_until, (
				select s.started_at + interval '61 s' from starts s where s.agent_id = agent and s.started_at > clock_timestamp() - interval '61 s'
				order by s.started_at desc offset greatest(a.rate_limit_per_min - 1, 0) limit 1))
			when 'breaker' then (select min(r.until) from routes r where r.agent_id = agent)
		end
		from agents a join lanes l on l.agent_id = a.id where a.id = agent);
end $$;
