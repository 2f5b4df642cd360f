-- $1 uuid message, $2 uuid job, $3 int4 bytes -> job_id uuid, text text
select job_id, text from signalbox.stream_text($1, $2, $3)
