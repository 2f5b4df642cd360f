-- $1 uuid message, $2 text actor -> doc jsonb, status text
select s as doc, s ->> 'status' as status from signalbox.retry($1, $2) s
