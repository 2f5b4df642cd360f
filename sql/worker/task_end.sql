-- $1 uuid task, $2 text outcome, $3 text said -> done void
select signalbox.task_end($1, $2, $3) as done
