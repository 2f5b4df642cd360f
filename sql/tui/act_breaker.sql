-- $1 text provider, $2 text becomes, $3 text actor -> done void
select signalbox.provider_set($1, jsonb_build_object('breaker', $2::text), $3) as done
