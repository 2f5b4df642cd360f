-- $1 text[] has, $2 int4 n -> id int8, uuid uuid, url text, secret_env text, payload text
select id, uuid, url, secret_env, payload from signalbox.webhook_take($1, $2)
