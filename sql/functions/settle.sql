-- What became of a batch of attempts: one commit. Each record names its message and its job; only the holder of the current job changes
-- the message, whoever lost it writes nothing there. The attempt's own row and its cost are taken either way, once.
-- Idempotent: a worker that does not know whether its commit arrived sends the batch again.
--
-- records: [{"message_id","job_id","outcome","content","error_class","error","is_permanent","provider","model_asked","model","tokens_prompt",
--   "tokens_completion","tokens_cached","tokens_reasoning","is_estimated","was_called","ttft_ms","generation_ms","wait_ms","said","context"}]
-- outcome: completed | error | rate_limited | released | gone.  Answers (job_id, result): 'kept' or 'lost'.
-- JSON rather than arrays, so that workers of two versions can talk to one function.
create or replace function signalbox.settle(worker uuid, records json, tries int, backoff interval)
returns table (job_id uuid, result text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp
-- Plans must not follow the sizes these tables had when they were new and empty: always by index.
-- (What has no index then looks dear, and would be compiled: no JIT.)
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
	t        timestamptz;
	recs     settle_record[] := array(select r from json_populate_recordset(null::settle_record, records) r);
	sessions bigint[];
	held     uuid[];
begin
	sessions := array(select distinct m.session_id from unnest(recs) r join ai_messages m on m.id = r.message_id order by 1);
	perform from ai_sessions s where s.id = any (sessions) order by s.id for no key update;
	t := clock_timestamp();
	held := array(select q.job_id from unnest(recs) r join queue q on q.message_id = r.message_id and q.job_id = r.job_id
	              where q.state = 'running' and r.outcome <> 'gone' for no key update of q);

	-- The fate of each held message: an answer ends it; an error ends it when it is permanent or the tries are used up.
	-- A "too many requests" or a hand-back goes to the front of its place in the queue and burns no try.
	with fate as (
		select r.*, q.attempts, case when r.outcome = 'completed' then 'completed'
			when r.outcome = 'error' and (r.is_permanent or q.errors + 1 >= settle.tries) then 'failed'
			else 'blocked' end as becomes    -- until promote() below finds the head of the session
		from unnest(recs) r join queue q on q.message_id = r.message_id where r.job_id = any (held)
	), waits as (
		update queue q set state = f.becomes::queue_state, changed_at = t, deadline = null, worker_id = null, job_id = null,
			errors = q.errors + (f.outcome = 'error')::int, attempts = q.attempts - (f.outcome = 'released')::int,
			run_after = case when f.becomes = 'blocked' and f.outcome = 'error' then t + settle.backoff end
		from fate f where q.message_id = f.message_id and f.becomes <> 'completed'
	), gone as (
		delete from queue q using fate f where q.message_id = f.message_id and f.becomes = 'completed'
	), said as (
		update ai_messages m set
			processing_status = case when f.becomes in ('completed', 'failed') then f.becomes else 'queued' end,
			processing_started_at = case when f.becomes = 'blocked' then null else m.processing_started_at end,
			processing_completed_at = case when f.becomes in ('completed', 'failed') then t end,
			content = case f.becomes when 'completed' then coalesce(f.content, '') else m.content end,
			processing_error = case f.outcome when 'error' then f.error_class || ': ' || f.error when 'completed' then null else m.processing_error end,
			retry_count = case f.outcome when 'released' then greatest(f.attempts - 2, 0) else m.retry_count end,
			model_used = coalesce(f.model, m.model_used), tokens_prompt = f.tokens_prompt, tokens_completion = f.tokens_completion,
			generation_time_ms = coalesce(f.generation_ms, m.generation_time_ms), rag_context = coalesce(f.context, m.rag_context)
		from fate f where m.id = f.message_id
	), limited as (
		update lanes l set blocked_until = greatest(l.blocked_until, t + x.wait)
		from (select q.agent_id, max(make_interval(secs => least(coalesce(f.wait_ms, 1000), 86400000) / 1000.0)) as wait
		      from fate f join queue q on q.message_id = f.message_id where f.outcome = 'rate_limited' group by 1) x
		where l.agent_id = x.agent_id
	)
	insert into stats_minute as old (minute, agent_id, worker_id, completed, failed, errors, processing_ms)
		select date_trunc('minute', t), q.agent_id, settle.worker, count(*) filter (where f.becomes = 'completed'),
			count(*) filter (where f.becomes = 'failed'), count(*) filter (where f.outcome = 'error'),
			coalesce(sum(extract(epoch from t - q.changed_at) * 1000) filter (where f.becomes = 'completed'), 0)::bigint
		from fate f join queue q on q.message_id = f.message_id group by q.agent_id order by q.agent_id
		on conflict (minute, agent_id, worker_id) do update set completed = old.completed + excluded.completed,
			failed = old.failed + excluded.failed, errors = old.errors + excluded.errors, processing_ms = old.processing_ms + excluded.processing_ms;

	with spent as (
		insert into ai_costs (job_id, call, message_id, session_id, agent_id, provider, model, tokens_input, tokens_output,
			tokens_cached, tokens_reasoning, is_estimated, cost_pico)
			select r.job_id, 1, r.message_id, m.session_id, a.agent_id, r.provider, r.model, r.tokens_prompt, r.tokens_completion,
			       r.tokens_cached, r.tokens_reasoning, coalesce(r.is_estimated, false),
			       price(r.provider, r.model, r.model_asked, r.tokens_prompt, r.tokens_cached, r.tokens_completion, t)
			from unnest(recs) r join attempts a on a.job_id = r.job_id join ai_messages m on m.id = r.message_id
			where r.was_called
			on conflict do nothing
			returning *
	)
	insert into stats_minute as old (minute, agent_id, worker_id, tokens_prompt, tokens_completion, cost_pico, cost_unknown)
		select date_trunc('minute', t), s.agent_id, settle.worker, coalesce(sum(s.tokens_input), 0), coalesce(sum(s.tokens_output), 0),
			coalesce(sum(s.cost_pico), 0), count(*) filter (where s.cost_pico is null)
		from spent s group by s.agent_id order by s.agent_id
		on conflict (minute, agent_id, worker_id) do update set tokens_prompt = old.tokens_prompt + excluded.tokens_prompt,
			tokens_completion = old.tokens_completion + excluded.tokens_completion, cost_pico = old.cost_pico + excluded.cost_pico,
			cost_unknown = old.cost_unknown + excluded.cost_unknown;

	update attempts a set ended_at = coalesce(a.ended_at, t),
		outcome = coalesce(a.outcome, case when not r.job_id = any (held) then 'lost' when r.outcome = 'completed' then 'completed'
			when r.outcome = 'rate_limited' then 'rate_limited' when r.outcome = 'released' then 'released'
			when exists (select from queue q where q.message_id = r.message_id and q.state = 'failed') then 'failed' else 'retry' end),
		error_class = coalesce(r.error_class, a.error_class), error = coalesce(r.error, a.error),
		is_permanent = r.is_permanent, provider = r.provider, model = r.model,
		ttft_ms = r.ttft_ms, generation_ms = r.generation_ms, tokens_prompt = r.tokens_prompt, tokens_completion = r.tokens_completion,
		is_estimated = r.is_estimated, said = nullif(r.said, ''),
		cost_pico = (select c.cost_pico from ai_costs c where c.job_id = r.job_id and c.call = 1)
		from unnest(recs) r where a.job_id = r.job_id and a.model is null and a.generation_ms is null;
	delete from message_stream s using unnest(recs) r where s.message_id = r.message_id and s.job_id = r.job_id;
	perform promote(sessions);
	return query select a.job_id, case when a.job_id = any (held) or (a.outcome <> 'lost' and a.outcome <> 'cancelled') then 'kept' else 'lost' end
		from unnest(recs) r join attempts a on a.job_id = r.job_id;
end $$;
