-- $1 text token, $2 bool local, $3 text agent, $4 text[] contents, $5 bool[] awaited -> nth int4, document jsonb, message_id int8, agent text
select nth, document, message_id, to_agent as agent from signalbox.http_dispatch_many(decode($1, 'hex'), $2, $3, $4, $5)
