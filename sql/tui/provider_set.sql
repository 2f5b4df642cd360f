-- $1 text slug, $2 jsonb changes, $3 text actor -> done void
select signalbox.provider_set($1, $2, $3) as done
