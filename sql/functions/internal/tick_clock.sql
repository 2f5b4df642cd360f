-- Compares the clock with the last tick before time-based work. No tick for 3 s (there is one each second): no lease
-- could be renewed meanwhile, or the clock was set forward. Each lease lasts 5 s more at least, and running attempts
-- become overdue that much later.
-- The last tick lies ahead: the clock was set back. Times that were computed from it move with it; otherwise leases,
-- rests and breakers would last that much longer.
create or replace function signalbox.tick_clock() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t    timestamptz := clock_timestamp();
	last timestamptz := (select c.done_at from chores c where c.name = 'clock');
	gap  interval := case when isfinite(last) then t - last end;
begin
	if gap > interval '3 s' then
		update workers w set lease_until = greatest(w.lease_until, t + interval '5 s') where w.id in (
			select x.id from workers x where x.ended_at is null for no key update skip locked);
		update queue q set deadline = q.deadline + gap where q.message_id in (select r.message_id from running r for no key update skip locked);
	elsif gap < interval '-1 s' then
		update workers w set lease_until = w.lease_until + gap, renewed_at = w.renewed_at + gap where w.id in (
			select x.id from workers x where x.ended_at is null for no key update skip locked);
		-- (Also what rests behind an earlier message of its session: `pending` alone is a time of the clock.)
		update queue q set run_after = q.run_after + gap where q.message_id in (
			select d.message_id from queue d where d.state in ('delayed', 'blocked') and d.run_after > t for no key update skip locked);
		update queue q set retry_at = q.retry_at + gap where q.message_id in (select f.message_id from queue f where f.state = 'failed' and f.retry_at > t for no key update skip locked);
		update queue q set deadline = q.deadline + gap where q.message_id in (select r.message_id from running r for no key update skip locked);
		update lanes l set blocked_until = l.blocked_until + gap where l.agent_id in (
			select x.agent_id from lanes x where x.blocked_until > t for no key update skip locked);
		update starts s set started_at = s.started_at + gap where s.started_at > t;
		update breakers b set until = b.until + gap, probe_until = b.probe_until + gap, changed_at = least(b.changed_at, t) where b.ctid in (
			select x.ctid from breakers x where x.until > t or x.probe_until > t or x.changed_at > t for no key update skip locked);
		delete from breaker_counts c where c.slot > t;
		update reservations r set until = r.until + gap where r.until > t;
		update chores c set done_at = c.done_at + gap, well_at = c.well_at + gap where c.done_at > t or c.well_at > t;
		update chores set done_at = '-infinity' where name = 'days';    -- the minutes that are rolled up lie ahead
	end if;
	update chores set done_at = t, well_at = t where name = 'clock';
end $$;
