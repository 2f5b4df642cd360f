-- $1 jsonb list, $2 text source, $3 date since, $4 text vendor, $5 text slug, $6 text actor -> imported int8, passed_over int8
select imported, passed_over from signalbox.prices_import($1, $2, coalesce($3, (now() at time zone 'UTC')::date), $4, $5, $6)
