-- $1 text actor -> done void
select signalbox.resume_all($1) as done
