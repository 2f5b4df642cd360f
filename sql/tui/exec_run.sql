-- $1 int8 work -> doc jsonb, verdict text, exit_code int4, output text, why text, is_cut bool
select jsonb_build_object('run', r.uuid, 'language', r.language, 'code_hash', encode(r.code_hash, 'hex'), 'verdict', r.verdict, 'exit_code', r.exit_code, 'duration_ms', r.duration_ms,
	'output', r.output, 'output_bytes', r.output_bytes, 'why', nullif(r.why, ''), 'interpreter', r.interpreter, 'limits', r.limits, 'worker', r.worker_name, 'made_by', r.made_by,
	'made_at', signalbox.utc(r.made_at), 'ended_at', signalbox.utc(r.ended_at)) as doc, r.verdict, r.exit_code, r.output, r.why, r.output_bytes > octet_length(r.output) as is_cut
from signalbox.work_status($1) w join signalbox.runs r on r.id = (w ->> 'run')::bigint
