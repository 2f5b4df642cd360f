-- $1 text agent, $2 text actor, $3 text reason -> done void
select signalbox.pause_agent($1, $2, $3) as done
