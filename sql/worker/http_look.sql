-- $1 int8[] messages -> message_id int8, document jsonb, is_running bool, is_ended bool, number int4, bytes int4, mark text, tools text
select message_id, document, is_running, is_ended, number, bytes, mark, tools from signalbox.http_look($1)
