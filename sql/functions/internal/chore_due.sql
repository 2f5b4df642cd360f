-- Is it time for this chore again? After its interval, or twenty times what it took last, so that none takes more than a twentieth of a core; but a chore that
-- once waited long does not rest for longer than a minute.
create or replace function signalbox.chore_due(chore text) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select c.done_at + greatest(c.every, least(make_interval(secs => c.took_ms * 20 / 1000.0), interval '1 min')) <= clock_timestamp() from chores c where c.name = chore;
$$;
