-- $1 int8 work, $2 uuid job, $3 int4 done -> is_ours bool
select signalbox.work_progress($1::int8, $2::uuid, $3::int4) as is_ours
