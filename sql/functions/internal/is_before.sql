-- Is the agent `other` before `agent` in the circle that begins after `turn`? (Without a search_path of its own: it is inlined.)
create or replace function signalbox.is_before(other int, agent int, turn bigint) returns boolean
language sql immutable as $$
	select (other > turn) = (agent > turn) and other < agent or other > turn and agent <= turn;
$$;
