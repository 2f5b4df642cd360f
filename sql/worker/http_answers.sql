-- $1 int8[] messages, $2 int4[] ats, $3 int4 n -> message_id int8, at_byte int4, text text
select message_id, at_byte, text from signalbox.http_answers($1, $2, $3)
