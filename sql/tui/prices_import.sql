-- $1 jsonb list, $2 text source, $3 date since, $4 text vendor, $5 text slug, $6 text actor -> imported int8, passed_over int8, left_out jsonb, what text, reason text, n int8, names text
-- One row for each reason, entries that are left out whole first; left_out of the first row lists everything that was
-- left out.
with done as materialized (
	select * from signalbox.import_prices($1, $2, coalesce($3, (now() at time zone 'UTC')::date), $4, $5, $6)
)
select d.imported, d.passed_over, case when row_number() over w = 1 then d.left_out end as left_out, g.what, g.reason, g.n, g.names
from done d left join lateral (
	select x.what, x.reason, count(*) as n,
		array_to_string((array_agg(x.model order by x.model))[1:4], ', ') || case when count(*) > 4 then ', …' else '' end as names
	from jsonb_to_recordset(d.left_out) x(model text, what text, reason text) group by 1, 2) g on true
window w as (order by g.what = 'entry' desc, g.n desc, g.what, g.reason)
order by g.what = 'entry' desc, g.n desc, g.what, g.reason
