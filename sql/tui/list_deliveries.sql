-- $1 int4 webhook, $2 int8 delivery, $3 int4 n -> id int8, webhook_id int4, url text, message_id uuid, event text, state text, tries int4, last_status int4, last_error text, created_at text, next_at text, ended_at text, uuid uuid
select id, webhook_id, url, message_id, event, state, tries, last_status, last_error, created_at, next_at, ended_at, uuid from signalbox.webhook_log($1, $2, $3)
