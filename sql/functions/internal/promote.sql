-- promote_heads() for callers outside the fleet, such as operators and direct writers: it does not lower cursors.
create or replace function signalbox.promote(sessions bigint[]) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	perform promote_heads(sessions, false);
end $$;
