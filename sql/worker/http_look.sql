-- $1 int8[] messages -> message_id int8, document jsonb, is_running bool, is_ended bool, number int4, content text, mark text
select message_id, document, is_running, is_ended, number, content, mark from signalbox.http_look($1)
