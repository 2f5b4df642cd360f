-- $1 text actor, $2 text reason -> done void
select signalbox.pause_all($1, $2) as done
