-- $1 json records -> job_id uuid, result text
select r.job_id, case when signalbox.work_end(r.work, r.job_id, r.result, r.error, r.usage) then 'written' else 'gone' end as result
from json_to_recordset($1::json) as r(work bigint, job_id uuid, result jsonb, error text, usage jsonb)
