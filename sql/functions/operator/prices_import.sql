-- The form of import_prices() for consoles before version 10.
create or replace function signalbox.prices_import(list jsonb, source text, since date, vendor text, slug text, actor text)
returns table (imported bigint, passed_over bigint)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select i.imported, i.passed_over from import_prices(list, source, since, vendor, slug, actor) i;
$$;
grant execute on function signalbox.prices_import to signalbox_admin;
