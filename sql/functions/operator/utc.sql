-- A time as the JSON documents write it: 2026-01-31T09:15:02.123Z
create or replace function signalbox.utc(t timestamptz) returns text
language sql immutable parallel safe as $$
	select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;
grant execute on function signalbox.utc to signalbox_viewer;
