-- $1 uuid worker, $2 text[] kinds -> id int8, job_id uuid
select id, job_id from signalbox.work_begin($1::uuid, $2::text[])
