-- $1 int8 work, $2 uuid job -> kind text, args jsonb, spec jsonb
select kind, args, spec from signalbox.work_args($1::int8, $2::uuid)
