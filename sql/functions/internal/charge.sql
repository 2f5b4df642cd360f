-- Writes the costs of calls that did not become the answer of a message: rows of ai_costs, once each, and the
-- statistics of the agents. Both with the time t, not now(): a transaction that waited for a lock may have begun in a
-- minute, or a day, that is rolled up by now.
-- costs: [{"job_id", "call", …}], named as the columns of ai_costs.
create or replace function signalbox.charge(costs jsonb, worker uuid, t timestamptz) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	with spent as (
		insert into ai_costs (job_id, call, kind, message_id, session_id, agent_id, agent_type, provider, model, tokens_input, tokens_output,
			tokens_cached, tokens_cache_write, tokens_cache_write_1h, tokens_reasoning, tokens_audio_in, tokens_audio_out, service_tier, is_estimated, cost_pico,
			vendor_cost_pico, intent, created_at)
		select c.job_id, c.call, coalesce(c.kind, 'answer'), c.message_id, c.session_id, c.agent_id, (select a.type from agents a where a.id = c.agent_id),
			c.provider, c.model, c.tokens_input, c.tokens_output, c.tokens_cached, c.tokens_cache_write, c.tokens_cache_write_1h,
			c.tokens_reasoning, c.tokens_audio_in, c.tokens_audio_out, c.service_tier, coalesce(c.is_estimated, false), c.cost_pico, c.vendor_cost_pico, c.intent, t
		from jsonb_populate_recordset(null::ai_costs, charge.costs) c
		on conflict do nothing
		returning *
	)
	select add_stats(date_trunc('minute', t), x.agent_id, charge.worker, tokens_prompt => x.input, tokens_completion => x.output, tokens_cached => x.cached,
			cost_pico => x.pico, cost_unknown => x.unknown, cost_wasted_pico => x.wasted)
		from (select s.agent_id, coalesce(sum(s.tokens_input), 0) as input, coalesce(sum(s.tokens_output), 0) as output, coalesce(sum(s.tokens_cached), 0) as cached,
			coalesce(sum(s.cost_pico), 0) as pico, count(*) filter (where s.cost_pico is null) as unknown,
			coalesce(sum(s.cost_pico) filter (where s.kind = 'answer'), 0) as wasted
		from spent s group by s.agent_id order by s.agent_id) x;
$$;
