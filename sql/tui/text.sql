-- $1 uuid message, $2 text part, $3 int4 at, $4 int4 chars -> total int4, text text
select total, text from signalbox.message_text($1, $2, $3, $4)
