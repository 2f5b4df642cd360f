-- A hint, sent only when somebody sleeps: NOTIFY takes a database-wide lock at commit.
create or replace function signalbox.wake_worker() returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	select pg_notify('signalbox_work', '')
	where exists (select from workers where is_idle and ended_at is null and lease_until > clock_timestamp());
$$;
