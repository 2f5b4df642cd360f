-- $1 json records -> job_id uuid, result text
select r.job_id, 'written' as result from json_to_recordset($1::json) as r(job_id uuid)
