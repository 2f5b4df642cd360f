-- $1 text word -> doc jsonb
select signalbox.message_full(u, 65536) as doc from signalbox.message_uuid($1) u where u is not null
