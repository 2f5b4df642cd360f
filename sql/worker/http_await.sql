-- $1 int8[] messages, $2 bool text -> done void
select signalbox.http_await($1, $2) as done
