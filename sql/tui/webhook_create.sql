-- $1 text agent, $2 text url, $3 text secret, $4 text[] events, $5 text actor -> doc jsonb, id text
select w as doc, w ->> 'id' as id from signalbox.webhook_create($1, $2, $3, $4, $5) w
