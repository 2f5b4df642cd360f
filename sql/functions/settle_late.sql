-- Records of attempts that no longer hold their message: cancelled, rescued, or settled before and sent again. The message is not theirs to
-- change; what the call used and said goes to the attempt's row, once (cancel and rescue leave that row without usage, generation_ms null).
create or replace function signalbox.settle_late(recs signalbox.settle_record[], worker uuid, t timestamptz) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
	with told as (
		insert into attempts as a (job_id, message_id, agent_id, number, worker_id, worker_name, started_at, ended_at, outcome, error_class, error,
			is_permanent, provider, model, ttft_ms, generation_ms, tokens_prompt, tokens_completion, is_estimated, said, cost_pico, chain, request_id)
		select r.job_id, r.message_id, s.agent_id, coalesce(q.runs, 1 + (select count(*) from attempts o where o.message_id = r.message_id)), worker,
			(select w.name from workers w where w.id = worker), coalesce(q.changed_at, t - make_interval(secs => coalesce(r.generation_ms, 0) / 1000.0)),
			t, 'lost', r.error_class, r.error, r.is_permanent, r.provider, r.model, r.ttft_ms, coalesce(r.generation_ms, 0), r.tokens_prompt,
			r.tokens_completion, r.is_estimated, nullif(r.said, ''),
			case when r.was_called then
				(select price(p, r.tokens_prompt, r.tokens_cached, r.tokens_cache_write, r.tokens_cache_write_1h, r.tokens_completion) from tariff(r.provider, r.model, r.model_asked, t) p) end, r.chain, r.request_id
		from unnest(recs) r join ai_messages m on m.id = r.message_id join ai_sessions s on s.id = m.session_id
		left join queue q on q.message_id = r.message_id and q.job_id = r.job_id
		where s.agent_id is not null
		on conflict (message_id, job_id) do update set error_class = coalesce(excluded.error_class, a.error_class), error = coalesce(excluded.error, a.error),
			is_permanent = excluded.is_permanent, provider = excluded.provider, model = excluded.model, ttft_ms = excluded.ttft_ms,
			generation_ms = excluded.generation_ms, tokens_prompt = excluded.tokens_prompt, tokens_completion = excluded.tokens_completion,
			is_estimated = excluded.is_estimated, said = excluded.said, cost_pico = excluded.cost_pico,
			chain = excluded.chain, request_id = excluded.request_id
			where a.outcome in ('lost', 'cancelled') and a.generation_ms is null
		returning a.job_id, a.message_id, a.agent_id, a.cost_pico
	), spent as (
		insert into ai_costs (job_id, call, message_id, session_id, agent_id, agent_type, provider, model, tokens_input, tokens_output,
			tokens_cached, tokens_cache_write, tokens_cache_write_1h, tokens_reasoning, is_estimated, cost_pico, intent)
		select x.job_id, coalesce(r.n_calls, 1), x.message_id, (select m.session_id from ai_messages m where m.id = x.message_id), x.agent_id,
			(select a.type from agents a where a.id = x.agent_id), r.provider, r.model,
			r.tokens_prompt, r.tokens_completion, r.tokens_cached, r.tokens_cache_write, r.tokens_cache_write_1h, r.tokens_reasoning, coalesce(r.is_estimated, false), x.cost_pico, r.intent
		from told x join unnest(recs) r on r.job_id = x.job_id where r.was_called
		on conflict do nothing
		returning *
	)
	insert into stats_minute as old (minute, agent_id, worker_id, tokens_prompt, tokens_completion, cost_pico, cost_unknown)
		select date_trunc('minute', t), s.agent_id, worker, coalesce(sum(s.tokens_input), 0), coalesce(sum(s.tokens_output), 0),
			coalesce(sum(s.cost_pico), 0), count(*) filter (where s.cost_pico is null)
		from spent s group by s.agent_id order by s.agent_id
		on conflict (minute, agent_id, worker_id) do update set tokens_prompt = old.tokens_prompt + excluded.tokens_prompt,
			tokens_completion = old.tokens_completion + excluded.tokens_completion, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown;
$$;
