-- $1 uuid[] messages, $2 text actor -> done int8
select signalbox.retry_undo_many($1, $2) as done
