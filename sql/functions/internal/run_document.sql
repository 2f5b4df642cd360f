-- What is told over HTTP of a run: in the source's form (contract), and more. verdict: null until it has ended.
-- executionTime: milliseconds.
create or replace function signalbox.run_document(run bigint) returns jsonb
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select jsonb_build_object('success', coalesce(r.verdict = 'ok', false), 'code', r.code, 'language', r.language, 'output', coalesce(r.output, ''),
		'executionTime', coalesce(round(r.duration_ms), 0), 'verdict', r.verdict, 'exit_code', r.exit_code, 'why', nullif(r.why, ''),
		'truncated', coalesce(r.output_bytes > octet_length(r.output), false), 'run', r.uuid)
	from runs r where r.id = run;
$$;
