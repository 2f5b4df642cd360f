-- $1 uuid worker, $2 interval lease, $3 bool draining, $4 jsonb facts -> stop uuid[], drain bool, secret_names text[]
select stop, drain, signalbox.secret_names() as secret_names from signalbox.worker_renew($1::uuid, $2::interval, $3::bool, $4::jsonb)
