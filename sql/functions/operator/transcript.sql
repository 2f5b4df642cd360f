-- The last messages of a session, oldest first, as the test console shows them.
create or replace function signalbox.transcript(session uuid, lim int)
returns table (role text, message_id uuid, job_id uuid, status text, content text, error text, at timestamptz, started_at timestamptz,
	queue_position bigint, waits_for text, eta_seconds text, worker text, model text, tokens_prompt int, tokens_completion int,
	generation_time_ms int, ttft_ms int, cost_usd text, retry_count int, retry_at timestamptz, run_after timestamptz, said text, finish_reason text, runs jsonb, tool_calls jsonb)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	select m.role, m.uuid, m.job_id, m.processing_status, left(m.content, 65536), m.processing_error, coalesce(m.processing_completed_at, m.created_at),
		m.processing_started_at, (d.doc ->> 'queue_position')::bigint, d.doc ->> 'waits_for', d.doc ->> 'eta_seconds', a.worker_name, m.model_used,
		m.tokens_prompt, m.tokens_completion, m.generation_time_ms, a.ttft_ms, d.doc ->> 'cost_usd', m.retry_count, q.retry_at, q.run_after,
		left(a.said, 65536), m.finish_reason, case when exists (select from runs r where r.message_id = m.id) then runs_of(m.id, 4096) end,
		case when exists (select from tool_calls c where c.message_id = m.id) then tool_calls_of(m.id, 4096) end
	from (select * from ai_messages x where x.session_id = (select id from ai_sessions where uuid = session) order by x.id desc limit lim) m
	left join attempts_and_running a on a.message_id = m.id and a.job_id = m.job_id left join queue q on q.message_id = m.id
	cross join lateral (select case m.role when 'assistant' then message_status(m.uuid) end as doc) d
	order by m.id;
$$;
grant execute on function signalbox.transcript to signalbox_viewer;
