-- $1 uuid worker, $2 json records, $3 int4 tries, $4 interval backoff -> job_id uuid, result text
select job_id, result from signalbox.settle_batch($1::uuid, $2::json, $3::int4, $4::interval, true)
