-- A lane's cursor, when it has none. Never waits for somebody else's transaction that opens the same: the sweep opens it a second later.
create or replace function signalbox.open_lane(agent int, priority int) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if not exists (select from lane_cursors c where c.agent_id = agent and c.rank = ~priority)
		and pg_try_advisory_xact_lock(hashtext('signalbox.lane'), hashtext(agent || ' ' || priority)) then
		insert into lane_cursors values (agent, ~priority) on conflict do nothing;
	end if;
end $$;
