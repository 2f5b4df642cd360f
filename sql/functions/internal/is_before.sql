-- Whether the agent `other` comes before `agent` in the circle that begins after `turn`. (No search_path setting, so
-- that it is inlined.)
create or replace function signalbox.is_before(other int, agent int, turn bigint) returns boolean
language sql immutable as $$
	select (other > turn) = (agent > turn) and other < agent or other > turn and agent <= turn;
$$;
