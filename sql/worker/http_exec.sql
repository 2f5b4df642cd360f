-- $1 text token, $2 bool local, $3 text code, $4 text language, $5 int4 timeout_ms -> run int8, document jsonb, refused text
select run, document, refused from signalbox.http_exec(decode($1, 'hex'), $2, $3, $4, $5)
