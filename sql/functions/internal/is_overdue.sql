-- Whether an attempt past its deadline may be taken from its worker. Not while the worker lives and may hold the
-- record, which is written as soon as the database takes it: only when the worker said after the deadline that it keeps
-- no record.
create or replace function signalbox.is_overdue(deadline timestamptz, w signalbox.workers) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
	select deadline < clock_timestamp() and (w.id is null or w.ended_at is not null or w.kept = 0 and w.renewed_at > deadline);
$$;
