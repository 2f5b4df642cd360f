-- A duration as the console writes it: 42s, 3m05s, 5h12m.
create or replace function signalbox.short_span(span interval) returns text
language sql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when s < 60 then s || 's' when s < 3600 then s / 60 || 'm' || lpad((s % 60)::text, 2, '0') || 's'
	            else s / 3600 || 'h' || lpad((s / 60 % 60)::text, 2, '0') || 'm' end
	from (select greatest(0, extract(epoch from span))::int as s) x;
$$;
grant execute on function signalbox.short_span to signalbox_viewer;
