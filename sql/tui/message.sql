-- $1 uuid message -> doc jsonb
select signalbox.message_full($1, 65536) as doc
