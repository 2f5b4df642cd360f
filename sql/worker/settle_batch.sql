-- $1 json records, $2 uuid worker, $3 int4 tries, $4 interval backoff -> job_id uuid, result text
select job_id, result from signalbox.settle_batch($2::uuid, $1::json, $3::int4, $4::interval, true)
