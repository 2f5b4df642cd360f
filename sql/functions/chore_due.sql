-- Is it time for this chore again? After `every`, or twenty times what it took last: so none takes more than a twentieth of a core.
create or replace function signalbox.chore_due(chore text, every interval) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select c.done_at + greatest(every, make_interval(secs => c.took_ms * 20 / 1000.0)) <= clock_timestamp() from chores c where c.name = chore;
$$;
