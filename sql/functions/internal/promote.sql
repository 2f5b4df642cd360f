-- promote_heads() of whoever is not the fleet.
create or replace function signalbox.promote(sessions bigint[]) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	perform promote_heads(sessions, false);
end $$;
