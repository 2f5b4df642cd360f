-- $1 int8 work, $2 text actor -> done void
select signalbox.work_cancel($1, $2) as done
