-- $1 uuid worker -> done void
select signalbox.worker_bye($1::uuid) as done
