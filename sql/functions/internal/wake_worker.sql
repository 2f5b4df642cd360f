-- Sends a hint, only when some worker is idle: NOTIFY takes a database-wide lock at commit. (In PL/pgSQL, because its
-- plan is kept.)
create or replace function signalbox.wake_worker() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if exists (select from workers where is_idle and ended_at is null and lease_until > clock_timestamp()) then
		perform pg_notify('signalbox_work', '');
	end if;
end $$;
