-- Writes the costs of the calls of an attempt other than its last one, where they may be billed. Also stores the intent
-- of a question for the next question with the same key.
create or replace function signalbox.settle_chain(recs signalbox.settle_record[], worker uuid, t timestamptz) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select charge(jsonb_agg(x), settle_chain.worker, t) from (
		select r.job_id, c.call, c.kind, r.message_id, m.session_id, s.agent_id, c.provider, coalesce(c.model, c.model_asked) as model,
			c.tokens_prompt as tokens_input, c.tokens_completion as tokens_output, c.tokens_cached, c.tokens_cache_write, c.tokens_cache_write_1h,
			c.tokens_reasoning, c.tokens_audio_in, c.tokens_audio_out, c.service_tier, c.is_estimated, c.vendor_cost_pico, r.intent,
			(select price(p, c.tokens_prompt, c.tokens_cached, c.tokens_cache_write, c.tokens_cache_write_1h, c.tokens_completion, c.tokens_reasoning,
				c.tokens_audio_in, c.tokens_audio_out, c.service_tier)
			 from tariff(c.provider, c.model, c.model_asked, t) p) as cost_pico
		from unnest(recs) r cross join lateral jsonb_to_recordset(r.chain) d(call int, kind text, was_called boolean, provider text, model text, model_asked text,
			tokens_prompt int, tokens_completion int, tokens_cached int, tokens_cache_write int, tokens_cache_write_1h int, tokens_reasoning int,
			tokens_audio_in int, tokens_audio_out int, service_tier text, is_estimated boolean, vendor_cost_pico bigint)
		cross join lateral (select d.call, d.kind, d.was_called, d.provider, d.model, d.model_asked, d.service_tier, d.is_estimated, dollars(d.vendor_cost_pico) as vendor_cost_pico,
			tokens(d.tokens_prompt) as tokens_prompt, tokens(d.tokens_completion) as tokens_completion, tokens(d.tokens_cached) as tokens_cached, tokens(d.tokens_cache_write) as tokens_cache_write,
			tokens(d.tokens_cache_write_1h) as tokens_cache_write_1h, tokens(d.tokens_reasoning) as tokens_reasoning, tokens(d.tokens_audio_in) as tokens_audio_in, tokens(d.tokens_audio_out) as tokens_audio_out) c
		join ai_messages m on m.id = any (array[r.message_id]) join ai_sessions s on s.id = any (array[m.session_id])
		where c.was_called and c.call is not null and s.agent_id is not null) x
	having count(*) > 0;

	insert into intent_cache (agent_id, key, intent, confidence, made_at)
		select distinct on (s.agent_id, r.intent_key) s.agent_id, decode(r.intent_key, 'hex'), r.intent, r.intent_confidence, t
		from unnest(recs) r join ai_messages m on m.id = any (array[r.message_id]) join ai_sessions s on s.id = any (array[m.session_id])
		where r.intent_key is not null and r.intent_confidence is not null and s.agent_id is not null
		order by s.agent_id, r.intent_key
		on conflict do nothing;
$$;
