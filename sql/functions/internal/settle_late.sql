-- Takes records of attempts that no longer hold their message: cancelled, rescued, or settled before and sent again.
-- They may not change the message; what the call used and said goes to the attempt's row, once (cancel() and rescue()
-- leave this row without usage, generation_ms is null).
create or replace function signalbox.settle_late(recs signalbox.settle_record[], worker uuid, t timestamptz) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	with told as (
		insert into attempts as a (job_id, message_id, agent_id, number, worker_id, worker_name, started_at, ended_at, outcome, error_class, error,
			is_permanent, provider, model, ttft_ms, generation_ms, tokens_prompt, tokens_completion, is_estimated, said, cost_pico, chain, request_id,
			finish_reason, proof, vendor_cost_pico)
		select r.job_id, r.message_id, s.agent_id, coalesce(q.runs, 1 + (select count(*) from attempts o where o.message_id = r.message_id)), worker,
			(select w.name from workers w where w.id = worker), coalesce(q.changed_at, t - make_interval(secs => coalesce(r.generation_ms, 0) / 1000.0)),
			t, 'lost', r.error_class, r.error, r.is_permanent, r.provider, r.model, r.ttft_ms, coalesce(r.generation_ms, 0), r.tokens_prompt,
			r.tokens_completion, r.is_estimated, nullif(r.said, ''),
			case when r.was_called then
				(select price(p, r.tokens_prompt, r.tokens_cached, r.tokens_cache_write, r.tokens_cache_write_1h, r.tokens_completion, r.tokens_reasoning,
					r.tokens_audio_in, r.tokens_audio_out, r.service_tier)
				 from tariff(r.provider, r.model, r.model_asked, t) p) end, r.chain, r.request_id, r.finish_reason, r.proof, r.vendor_cost_pico
		from unnest(recs) r join ai_messages m on m.id = any (array[r.message_id]) join ai_sessions s on s.id = any (array[m.session_id])
		left join queue q on q.message_id = any (array[r.message_id]) and q.job_id = r.job_id
		where s.agent_id is not null
		on conflict (message_id, job_id) do update set error_class = coalesce(excluded.error_class, a.error_class), error = coalesce(excluded.error, a.error),
			is_permanent = excluded.is_permanent, provider = excluded.provider, model = excluded.model, ttft_ms = excluded.ttft_ms,
			generation_ms = excluded.generation_ms, tokens_prompt = excluded.tokens_prompt, tokens_completion = excluded.tokens_completion,
			is_estimated = excluded.is_estimated, said = excluded.said, cost_pico = excluded.cost_pico,
			chain = excluded.chain, request_id = excluded.request_id, finish_reason = excluded.finish_reason, proof = excluded.proof,
			vendor_cost_pico = excluded.vendor_cost_pico
			where a.outcome in ('lost', 'cancelled') and a.generation_ms is null
		returning a.job_id, a.message_id, a.agent_id, a.cost_pico
	)
	select charge(jsonb_agg(x), settle_late.worker, t) from (
		select o.job_id, coalesce(r.n_calls, 1) as call, o.message_id, (select m.session_id from ai_messages m where m.id = o.message_id) as session_id, o.agent_id,
			r.provider, r.model, r.tokens_prompt as tokens_input, r.tokens_completion as tokens_output, r.tokens_cached, r.tokens_cache_write,
			r.tokens_cache_write_1h, r.tokens_reasoning, r.tokens_audio_in, r.tokens_audio_out, r.service_tier, r.is_estimated, o.cost_pico, r.vendor_cost_pico, r.intent
		from told o join unnest(recs) r on r.job_id = o.job_id where r.was_called) x
	having count(*) > 0;
$$;
