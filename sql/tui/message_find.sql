-- $1 text word -> message uuid
select signalbox.message_uuid($1) as message
