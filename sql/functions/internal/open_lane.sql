-- Inserts the cursor of a lane when no worker lives whose sweep would do it: waiting messages must be visible all the
-- same. While a worker lives only the sweep does it, because the new row stays locked until this transaction ends, and
-- all others that open the lane wait for that (the sweep only a moment). This function itself never waits.
create or replace function signalbox.open_lane(agent int, priority int) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if not exists (select from lane_cursors c where c.agent_id = agent and c.rank = ~priority) and fleet_slots() is null
		and pg_try_advisory_xact_lock(hashtext('signalbox.lane'), hashtext(agent || ' ' || priority)) then
		insert into lane_cursors values (agent, ~priority) on conflict do nothing;
	end if;
end $$;
