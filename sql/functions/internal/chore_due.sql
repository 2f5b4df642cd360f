-- Whether a chore is due again: after its interval, or after twenty times its last duration, so that no chore takes
-- more than a twentieth of a core. The rest for its duration is a minute at most, because the chore may only have
-- waited long once.
create or replace function signalbox.chore_due(chore text) returns boolean
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select c.done_at + greatest(c.every, least(make_interval(secs => c.took_ms * 20 / 1000.0), interval '1 min')) <= clock_timestamp() from chores c where c.name = chore;
$$;
