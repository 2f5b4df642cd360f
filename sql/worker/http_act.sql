-- $1 text token, $2 bool local, $3 uuid message, $4 text action -> document jsonb, message_id int8, agent text, rate_limit int4, rate_left int4, rate_reset int4
select document, message_id, document ->> 'agent' as agent, rate_limit, rate_left, rate_reset from signalbox.http_act(decode($1, 'hex'), $2, $3, $4)
