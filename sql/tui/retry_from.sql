-- $1 uuid message, $2 int4 step, $3 text actor, $4 bool accepted -> doc jsonb, status text, calls jsonb
select doc, status, calls from signalbox.retry_from($1, $2, $3, $4)
