-- What the work on messages needs that this worker has just claimed: the current settings of the agent, and the
-- conversation, oldest turn first: the question, and before it the completed messages (not failed or cancelled ones),
-- at most the agent's window and 8 MB. Messages that this worker no longer holds are left out. Called after the claim
-- and outside its lock: a worker that does not read the result holds up no other worker.
-- turns: [["user", "…"], ["assistant", "…"(, protocol, the provider's own form of the turn)], …]
-- routes: see routes_for(); null: only the agent's own provider, which no breaker holds.
-- intent: see intent_for(); null where the agent has none.
-- calculation_ms: time of a calculation that is asked for in words; null: those go to the model like all else.
-- tools, rounds, bound: of an agent with tools: see tools_for() and rounds_for(); what is bound to its calls.
-- traced: spans are collected: session and waited_us (waiting time in microseconds) are filled too.
create or replace function signalbox.contexts(worker uuid, messages bigint[], jobs uuid[], traced boolean)
returns table (message_id bigint, job_id uuid, agent text, provider text, protocol text, base_url text, key_env text, header text, query text, model text,
	system_prompt text, max_tokens int, temperature text, top_p text, reasoning text, turns json, routes json, on_cut text, is_budgeted boolean,
	retries int, first_byte_ms int, intent jsonb, traceparent text, session uuid, waited_us bigint, calculation_ms int, run_code text,
	tools json, rounds json, bound json)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit, generic
#variable_conflict use_column
declare
	caller  uuid := worker_of(contexts.worker);
	trouble boolean := exists (select from breakers b where b.state <> 'closed' or b.forced = 'open');
begin
	return query
	select q.message_id, q.job_id, a.slug, p.slug, p.protocol, p.base_url, p.key_env, p.header, p.query, a.model, a.system_prompt, call_tokens(a),
		a.temperature::text, a.top_p::text, a.reasoning,
		(select json_agg(case when h.own_turn is null then json_build_array(h.role, h.content)
			else json_build_array(h.role, h.content, h.own_protocol, h.own_turn) end order by h.id) from (
			select m.id, m.role, m.content, m.own_protocol, m.own_turn, sum(octet_length(m.content) + coalesce(octet_length(m.own_turn), 0)) over (order by m.id desc)
				- octet_length(m.content) as bytes
			from (select x.id, x.role, x.content, x.own_protocol, x.own_turn from ai_messages x
			      where x.session_id = q.session_id and x.role in ('user', 'assistant') and x.processing_status = 'completed'
			        and x.id <= coalesce(me.reply_to, (select max(u.id) from ai_messages u
			                                           where u.session_id = q.session_id and u.id < me.id and u.role = 'user'))
			      order by x.id desc limit a.context_window_size + 1) m) h
		 where h.bytes < 8388608),
		case when trouble or a.chain is not null then routes_for(a.id, q.job_id) end, a.on_cut, a.budget_day is not null or a.budget_month is not null,
		a.retries, (extract(epoch from a.first_byte_timeout) * 1000)::int, case when a.intent_model is not null then intent_for(a.id, q.message_id, q.job_id, trouble) end, me.traceparent,
		case when traced then (select s.uuid from ai_sessions s where s.id = q.session_id) end,
		case when traced then (extract(epoch from q.changed_at - greatest(me.queued_at,
			(select max(t.ended_at) from attempts t where t.message_id = q.message_id))) * 1000000)::bigint end,
		case when a.calculations then coalesce((extract(epoch from a.calculation_timeout) * 1000)::int, 5000) end, a.run_code,
		case when a.tools is not null then tools_for(a.id) end, case when a.tools is not null then rounds_for(q.message_id) end,
		case when a.tools is not null then bound_for(a.id, q.session_id, me.uuid) end
	from unnest(messages, jobs) i(id, job) cross join lateral (select * from queue o where o.message_id = i.id offset 0) q
	cross join lateral (select * from ai_messages o where o.id = q.message_id offset 0) me
	cross join lateral (select * from agents o where o.id = q.agent_id offset 0) a
	left join lateral (select * from providers o where o.id = a.provider_id offset 0) p on true
	where q.job_id = i.job and q.worker_id = caller and q.state = 'running';
end $$;
grant execute on function signalbox.contexts to signalbox_worker;
