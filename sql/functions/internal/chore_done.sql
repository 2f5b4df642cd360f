-- Records the end of a chore. error: why it failed; null: it succeeded.
create or replace function signalbox.chore_done(chore text, began timestamptz, error text) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	update chores c set done_at = clock_timestamp(), took_ms = extract(epoch from clock_timestamp() - began) * 1000, error = left(chore_done.error, 300),
		well_at = case when chore_done.error is null then clock_timestamp() else c.well_at end
	where c.name = chore;
$$;
