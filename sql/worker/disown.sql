-- $1 uuid worker, $2 uuid[] known -> n int8
select signalbox.worker_disown($1::uuid, $2::uuid[]) as n
