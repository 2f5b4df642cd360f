-- $1 uuid worker, $2 json report -> provider text, model text, key_env text, held_ms int8
select provider, model, key_env, held_ms from signalbox.report_calls($1::uuid, $2::json)
