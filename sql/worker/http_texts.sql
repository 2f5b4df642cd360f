-- $1 int8[] messages, $2 int4[] numbers, $3 int4[] ats -> message_id int8, number int4, at_byte int4, text text, tools text
select message_id, number, at_byte, text, tools from signalbox.http_texts($1, $2, $3)
