-- The most tokens that a call of an agent may answer with: the agent's own limit; 4096 where it has a budget and no
-- limit, because with a budget every call must have a limit. Null: no limit.
create or replace function signalbox.call_tokens(a signalbox.agents) returns int
language sql immutable as $$
	select coalesce((a).max_tokens, case when (a).budget_day is not null or (a).budget_month is not null then 4096 end);
$$;
