-- $1 uuid worker, $2 text actor -> done void
select signalbox.drain_worker($1, $2) as done
