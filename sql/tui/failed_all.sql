-- $1 jsonb filter -> message_id uuid, is_permanent bool, is_held bool, job_id uuid
select message_id, is_permanent, retry_at is not null as is_held, job_id from signalbox.failed_page($1, 10000)
