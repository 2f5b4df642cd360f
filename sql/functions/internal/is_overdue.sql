-- May an attempt that is past its deadline be taken from its worker? Not while that worker lives and may have its record in hand, written down as soon as the
-- database takes it: only when it said after the deadline that it keeps none.
create or replace function signalbox.is_overdue(deadline timestamptz, w signalbox.workers) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
	select deadline < clock_timestamp() and (w.id is null or w.ended_at is not null or w.kept = 0 and w.renewed_at > deadline);
$$;
