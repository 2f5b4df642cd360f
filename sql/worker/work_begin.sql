-- $1 uuid worker -> id int8, job_id uuid
select id, job_id from signalbox.work_begin($1::uuid)
