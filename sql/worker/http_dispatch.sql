-- $1 text token, $2 bool local, $3 text agent, $4 text content, $5 uuid session, $6 text user, $7 text collection, $8 text thread, $9 int4 priority, $10 text key, $11 bool awaited, $12 bool signed -> document jsonb, message_id int8, agent text, rate_limit int4, rate_left int4, rate_reset int4, is_ended bool
select document, message_id, to_agent as agent, rate_limit, rate_left, rate_reset, is_ended
from signalbox.http_dispatch(decode($1, 'hex'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
