-- $1 uuid key, $2 text name, $3 text version, $4 int4 concurrency, $5 text[] agents, $6 interval lease, $7 text secret_names -> id uuid
select signalbox.worker_enter($1::uuid, $2::text, $3::text, $4::int4, $5::text[], $6::interval, $7::text) as id
