-- $1 int4 webhook, $2 text actor -> id int8
select signalbox.webhook_test($1, $2) as id
