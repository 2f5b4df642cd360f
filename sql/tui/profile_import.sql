-- $1 jsonb doc, $2 text actor -> clients int8, mandates int8, erps int8
select clients, mandates, erps from signalbox.profile_import($1, $2)
