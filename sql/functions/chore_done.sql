create or replace function signalbox.chore_done(chore text, began timestamptz) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	update chores c set done_at = clock_timestamp(), took_ms = extract(epoch from clock_timestamp() - began) * 1000 where c.name = chore;
$$;
