-- Expected seconds until a waiting message is answered: rounds of the whole fleet until its turn, times the agent's
-- processing time, after its own schedule or back-off. Null when it is paused or held by a budget, when no living
-- worker could call its model, or when nothing was measured yet.
create or replace function signalbox.eta(place bigint, waits text, run_after timestamptz, slots bigint, seconds numeric) returns numeric
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when coalesce(waits, '') not in ('paused', 'budget', 'worker') then
		round(greatest(coalesce(extract(epoch from run_after - clock_timestamp()), 0), 0) + ceil(place / slots::numeric) * seconds, 1) end;
$$;
