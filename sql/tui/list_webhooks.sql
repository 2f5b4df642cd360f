-- -> id int4, agent text, url text, secret_env text, events text[], created_by text, created_at text, removed_at text, waiting int8, delivered int8, failed int8, last_error text
select id, agent, url, secret_env, events, created_by, created_at, removed_at, waiting, delivered, failed, last_error from signalbox.webhook_list()
