-- $1 uuid message -> done void
select signalbox.watch($1) as done
