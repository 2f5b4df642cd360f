-- $1 jsonb args, $2 text actor -> work int8
select signalbox.work_add('exec', $1, $2) as work
