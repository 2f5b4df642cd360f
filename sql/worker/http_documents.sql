-- $1 int8[] messages -> message_id int8, document jsonb
select message_id, document from signalbox.http_documents($1)
