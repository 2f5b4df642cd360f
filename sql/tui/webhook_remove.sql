-- $1 int4 webhook, $2 text actor -> doc jsonb
select signalbox.webhook_remove($1, $2) as doc
