-- $1 text since, $2 bool everything, $3 int8 after, $4 bool really, $5 text actor -> n int8, change_usd numeric, upto int8
select n, change_usd, upto from signalbox.reprice(case when $1 ~ '^[0-9]+[smhdw]$' then now() - $1::interval else $1::timestamptz end, $2::boolean, $3::bigint, $4::boolean, $5::text)
