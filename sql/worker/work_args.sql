-- $1 int8 work, $2 uuid job -> args jsonb, spec jsonb
select args, spec from signalbox.work_args($1::int8, $2::uuid)
