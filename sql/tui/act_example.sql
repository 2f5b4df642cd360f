-- $1 text agent, $2 text actor -> done void
select signalbox.resume_agent($1, $2) as done
