-- $1 jsonb records, $2 uuid worker -> job_id uuid, result text
select job_id, result from signalbox.tool_end($2::uuid, $1::jsonb)
