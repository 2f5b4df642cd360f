-- $1 int8[] messages, $2 int4 max_bytes -> message_id int8, document jsonb
select message_id, document from signalbox.http_documents($1, $2)
