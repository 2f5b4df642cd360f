-- $1 jsonb results -> done void
select signalbox.webhook_done($1) as done
