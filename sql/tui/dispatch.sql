-- $1 text agent, $2 text content, $3 uuid session, $4 text user_id, $5 text collection, $6 text thread, $7 int4 priority, $8 text key -> message_id uuid, status text, position int8
select message_id, status, queue_position as position from signalbox.dispatch($1, $2, $3, $4, $5, $6, $7, null, $8)
