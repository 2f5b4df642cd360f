-- $1 int8 work, $2 uuid job, $3 jsonb result, $4 text error, $5 jsonb usage -> is_ours bool
select signalbox.work_end($1::int8, $2::uuid, $3::jsonb, $4::text, $5::jsonb) as is_ours
