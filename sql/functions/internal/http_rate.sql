-- The rate limit of a token with an agent: how many of rate_limit_per_min messages are left in the running minute, and
-- in how many seconds it ends. With `takes` one is taken; is_over: there was none left. Exact over all workers: the row
-- is locked until the transaction ends, and a dispatch that is refused takes none. No row: the agent has no limit.
create or replace function signalbox.http_rate(token int, agent signalbox.agents, takes boolean)
returns table (rate_limit int, rate_left int, rate_reset int, is_over boolean)
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	per constant interval := '60 s';
	r token_rates;
begin
	if agent.rate_limit_per_min is null then
		return;
	end if;
	is_over := false;
	if takes then
		insert into token_rates as o values (token, agent.id, clock_timestamp(), 1)
			on conflict (token_id, agent_id) do update
			set n = case when o.began + per <= clock_timestamp() then 1 else o.n + 1 end,
			    began = case when o.began + per <= clock_timestamp() then clock_timestamp() else o.began end
			where o.n < agent.rate_limit_per_min or o.began + per <= clock_timestamp()
			returning * into r;
		is_over := not found;
	end if;
	if is_over or not takes then
		select * into r from token_rates o where o.token_id = token and o.agent_id = agent.id and o.began + per > clock_timestamp();
	end if;
	rate_limit := agent.rate_limit_per_min;
	rate_left := greatest(rate_limit - coalesce(r.n, 0), 0);
	-- At least 1: a client that waits so long finds the next minute.
	rate_reset := coalesce(greatest(1, ceil(extract(epoch from r.began + per - clock_timestamp()))::int), 60);
	return next;
end $$;
