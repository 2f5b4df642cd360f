-- One message in full: its status document, the question, every attempt, every cost, the context that was sent.
create or replace function signalbox.message_full(message uuid, cap int default 1048576) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
declare
	d jsonb := message_status(message);
	m ai_messages;
begin
	select * into m from ai_messages where uuid = message;
	return jsonb_build_object('message', jsonb_set(d, '{content}', coalesce(to_jsonb(left(d ->> 'content', cap)), 'null')), 'id', m.id, 'job_id', m.job_id, 'intent', m.intent, 'intent_confidence', round(m.intent_confidence::numeric, 3),
		'priority', m.priority, 'user_id', (select user_id from ai_sessions where id = m.session_id), 'sent_by', sent_by(m.session_id),
		'text', (select left(u.content, cap) from ai_messages u where u.id = m.reply_to),
		'retry_at', (select utc(retry_at) from queue where message_id = m.id),
		'run_after', (select utc(run_after) from queue where message_id = m.id),
		'attempts', (select coalesce(jsonb_agg(jsonb_build_object('number', a.number, 'job_id', a.job_id, 'worker', a.worker_name, 'provider', a.provider,
				'model', a.model, 'started_at', utc(a.started_at), 'ended_at', utc(a.ended_at), 'outcome', a.outcome, 'error_class', a.error_class,
				'error', a.error, 'ttft_ms', a.ttft_ms, 'generation_ms', a.generation_ms, 'tokens_prompt', a.tokens_prompt,
				'tokens_completion', a.tokens_completion, 'is_estimated', a.is_estimated,
				'cost_usd', usd((select attempt_cost(x) from attempts x where x.message_id = a.message_id and x.job_id = a.job_id)), 'said', left(a.said, cap),
				'request_id', a.request_id, 'finish_reason', a.finish_reason, 'proof', a.proof, 'vendor_cost_usd', usd(a.vendor_cost_pico), 'chain', a.chain)
			order by a.number), '[]') from attempts_and_running a where a.message_id = m.id),
		'costs', (select coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'call', c.call, 'intent', c.intent, 'provider', c.provider, 'model', c.model, 'tokens_input', c.tokens_input,
				'tokens_output', c.tokens_output, 'tokens_cached', c.tokens_cached, 'tokens_reasoning', c.tokens_reasoning,
				'is_estimated', c.is_estimated, 'cost_usd', usd(c.cost_pico), 'vendor_cost_usd', usd(c.vendor_cost_pico), 'at', utc(c.created_at)) order by c.created_at), '[]')
			from ai_costs c where c.message_id = m.id),
		'runs', runs_of(m.id, cap), 'tool_calls', tool_calls_of(m.id, cap),
		'actions', (select coalesce(jsonb_agg(jsonb_build_object('at', utc(o.at), 'actor', o.actor, 'action', o.action, 'reason', o.reason) order by o.id), '[]')
			from operator_log o where o.message_id = m.id),
		'context', m.rag_context);
end $$;
-- Not for an application: the document contains the agent's prompt, and what was sent to the model for it.
grant execute on function signalbox.message_full to signalbox_viewer;
