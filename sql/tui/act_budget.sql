-- $1 text agent, $2 text which, $3 text actor, $4 text usd -> done void
select signalbox.agent_set($1, jsonb_build_object($2::text, $4::text), $3) as done
