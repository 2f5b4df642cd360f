-- The calls of an attempt besides its last one, where they may be billed: their costs, once, and the statistics of who spent them. And what a
-- question was found to be about, for the next one like it.
create or replace function signalbox.settle_chain(recs signalbox.settle_record[], worker uuid, t timestamptz) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
	with calls as (
		select r.job_id, r.message_id, r.intent, m.session_id, s.agent_id, c.*,
			(select price(p, c.tokens_prompt, c.tokens_cached, c.tokens_cache_write, c.tokens_cache_write_1h, c.tokens_completion)
			 from tariff(c.provider, c.model, c.model_asked, t) p) as cost_pico
		from unnest(recs) r cross join lateral jsonb_to_recordset(r.chain) c(call int, kind text, was_called boolean, provider text, model text, model_asked text, tokens_prompt int,
			tokens_completion int, tokens_cached int, tokens_cache_write int, tokens_cache_write_1h int, tokens_reasoning int, is_estimated boolean)
		join ai_messages m on m.id = r.message_id join ai_sessions s on s.id = m.session_id
		where c.was_called and c.call is not null and s.agent_id is not null
	), spent as (
		insert into ai_costs (job_id, call, message_id, session_id, agent_id, agent_type, provider, model, tokens_input, tokens_output,
			tokens_cached, tokens_cache_write, tokens_cache_write_1h, tokens_reasoning, is_estimated, cost_pico, kind, intent)
		select c.job_id, c.call, c.message_id, c.session_id, c.agent_id, (select a.type from agents a where a.id = c.agent_id), c.provider,
			coalesce(c.model, c.model_asked), c.tokens_prompt, c.tokens_completion,
			c.tokens_cached, c.tokens_cache_write, c.tokens_cache_write_1h, c.tokens_reasoning, coalesce(c.is_estimated, false), c.cost_pico,
			coalesce(c.kind, 'answer'), c.intent
		from calls c
		on conflict do nothing
		returning *
	), learned as (
		insert into intent_cache (agent_id, key, intent, confidence, made_at)
		select distinct on (s.agent_id, r.intent_key) s.agent_id, decode(r.intent_key, 'hex'), r.intent, r.intent_confidence, t
		from unnest(recs) r join ai_messages m on m.id = r.message_id join ai_sessions s on s.id = m.session_id
		where r.intent_key is not null and r.intent_confidence is not null and s.agent_id is not null
		order by s.agent_id, r.intent_key
		on conflict do nothing
	)
	insert into stats_minute as old (minute, agent_id, worker_id, tokens_prompt, tokens_completion, cost_pico, cost_unknown)
		select date_trunc('minute', t), s.agent_id, worker, coalesce(sum(s.tokens_input), 0), coalesce(sum(s.tokens_output), 0),
			coalesce(sum(s.cost_pico), 0), count(*) filter (where s.cost_pico is null)
		from spent s group by s.agent_id order by s.agent_id
		on conflict (minute, agent_id, worker_id) do update set tokens_prompt = old.tokens_prompt + excluded.tokens_prompt,
			tokens_completion = old.tokens_completion + excluded.tokens_completion, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown;
$$;
