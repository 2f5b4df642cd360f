-- A lane's cursor, where no worker lives whose sweep would open it: what waits is to be seen all the same. While one lives the sweep alone does it, for this row
-- is the transaction's until it ends, and whoever else would open the lane waits for that (the sweep only a moment). Never waits itself.
create or replace function signalbox.open_lane(agent int, priority int) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if not exists (select from lane_cursors c where c.agent_id = agent and c.rank = ~priority) and fleet_slots() is null
		and pg_try_advisory_xact_lock(hashtext('signalbox.lane'), hashtext(agent || ' ' || priority)) then
		insert into lane_cursors values (agent, ~priority) on conflict do nothing;
	end if;
end $$;
