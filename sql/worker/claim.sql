-- $1 uuid worker, $2 int4 slots, $3 interval timeout -> message_id int8, message_uuid uuid, job_id uuid, number int4, is_watched bool
select message_id, message_uuid, job_id, number, is_watched from signalbox.claim($1::uuid, $2::int4, $3::interval)
