-- $1 jsonb records, $2 uuid worker -> job_id uuid, result text
select job_id, result from signalbox.run_write($2::uuid, $1::jsonb)
