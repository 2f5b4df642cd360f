-- Records the results of a batch of attempts: one commit. Each record names its message and its job. Only the holder of
-- the current job changes the message; a worker that lost the job writes nothing to the message. The attempt's own row
-- and its cost are written in both cases, once. SB003: the caller is not this worker.
-- Idempotent: a worker that does not know whether its commit succeeded sends the batch again.
--
-- records: [{"message_id","job_id","outcome","content","error_class","error","is_permanent","provider","model_asked",
--   "model","tokens_prompt","tokens_completion","tokens_cached","tokens_cache_write","tokens_cache_write_1h",
--   "tokens_reasoning","tokens_audio_in","tokens_audio_out","service_tier","is_estimated","was_called","ttft_ms",
--   "generation_ms","finish_reason","proof","vendor_cost_pico","wait_ms","said","context","request_id","chain",
--   "n_calls","own_protocol","own_turn","intent","intent_confidence","intent_key"}]
-- chain: [{"provider","model","class","error","wait_ms","ms","request_id", and of a call that may be billed: "call",
--   "tokens_…","was_called"}]
-- intent_confidence: not null when the question was classified; a null intent then means "unsure". intent_key: not null
-- when this result is new. The call for it is in the chain, as call 0 with a "kind" (intent, embedding), also where it
-- succeeded; so is an answer whose code failed and that was asked for again (repaired).
-- outcome: completed | error | rate_limited | released | gone.
-- wait_ms: of rate_limited: how long the agent waits; of released: how long the message waits for a process of its tools; of an error: how long the message waits, and that it uses no try
-- (the call was a probe).
-- Returns (job_id, result): 'kept', 'lost' or 'busy'. With may_skip, records whose session or message another
-- transaction has locked are left out ('busy'), to be sent again; without may_skip the function waits for these locks,
-- 5 s at most.
-- JSON instead of arrays, so that workers of two versions can call one function.
--
-- One statement for each kind of row that is written, and no statement for what this batch does not have: starting a
-- large statement costs more than its work for a batch of one.
create or replace function signalbox.settle_batch(worker uuid, records json, tries int, backoff interval, may_skip boolean)
returns table (job_id uuid, result text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp
set lock_timeout = '5s' as $$ -- plans: index, no_bitmap, no_jit, generic
#variable_conflict use_column
declare
	t        timestamptz;
	recs     settle_record[];
	asked    settle_record[];
	me       uuid := worker_of(settle_batch.worker);
	who      text;
	tries    int := greatest(1, least(settle_batch.tries, 100));
	backoff  interval := greatest(interval '0', least(settle_batch.backoff, interval '1 day'));
	is_odd   boolean;            -- a record has an impossible count
	is_chain boolean;            -- a record has calls that failed
	busy     uuid[];
	held     settle_record[];    -- records whose job holds its message; places: the queue data of each
	places   settle_place[];
	ids      bigint[];
	jobs     uuid[];
	sessions bigint[];
	spots    tid[];              -- where their rows of the queue are
	others   settle_record[];
	n_ended  int;
	n_called int;
	n_gone   int;                -- rows that left the queue
	has      record;             -- which tables have rows that a settled message may leave there
begin
	if me is null then
		raise exception 'worker % is somebody else', settle_batch.worker using errcode = 'SB003';
	end if;
	select array_agg(r), bool_or(r.chain is not null), bool_or(r.vendor_cost_pico not between 0 and 1000000000000000
		or greatest(r.tokens_prompt, r.tokens_completion, r.tokens_cached, r.tokens_cache_write, r.tokens_cache_write_1h, r.tokens_reasoning, r.tokens_audio_in,
			r.tokens_audio_out) > 20000000
		or least(r.tokens_prompt, r.tokens_completion, r.tokens_cached, r.tokens_cache_write, r.tokens_cache_write_1h, r.tokens_reasoning, r.tokens_audio_in,
			r.tokens_audio_out, r.ttft_ms, r.generation_ms, r.wait_ms, r.n_calls) < 0 or r.wait_ms > 86400000 or r.n_calls > 1000)
		into recs, is_chain, is_odd from json_populate_recordset(null::settle_record, records) r;
	recs := case when is_odd then settle_sane(recs) else coalesce(recs, '{}') end;    -- an impossible count is stored as unknown
	asked := recs;
	t := clock_timestamp();

	-- The common case in one pass: all records are this worker's, and no other transaction has locked their rows. Else a
	-- second pass, for those whose rows this transaction has locked by then.
	-- Lock order, as everywhere: the session's row first, then the message. Only a transaction that has locked the
	-- session changes a running message, and with it its row of the queue: so a message that still has its job when it
	-- is locked has the row that was read before.
	for pass in case when may_skip then 1 else 2 end .. 2 loop
		if pass = 2 then
			-- Only the worker that holds or held a job may report its result: a job id is no secret.
			recs := settle_mine(recs, me);
			if may_skip then
				busy := array(
					select r.job_id from unnest(recs) r cross join lateral (select * from queue o where o.message_id = r.message_id offset 0) q
					where q.job_id = r.job_id and not (exists (select from ai_sessions s where s.id = q.session_id for no key update skip locked)
						and exists (select from ai_messages m where m.id = r.message_id for no key update skip locked)));
				recs := array(select r from unnest(recs) r where not r.job_id = any (busy));
			else
				perform from ai_sessions s where s.id in (
					select q.session_id from unnest(recs) r join queue q on q.message_id = any (array[r.message_id]) where q.job_id = r.job_id) order by s.id for no key update;
				perform from ai_messages m where m.id in (
					select q.message_id from unnest(recs) r join queue q on q.message_id = any (array[r.message_id]) where q.job_id = r.job_id) order by m.id for no key update;
			end if;
		end if;
		-- The new state of each held message: an answer completes it; an error fails it when it is permanent or the tries
		-- are used up. After "too many requests" or a release the message keeps its place in the queue and uses no try.
		with tariffs as materialized (
			select d.*, p from (select distinct r.provider, r.model, r.model_asked from unnest(recs) r where r.was_called) d
			left join lateral tariff(d.provider, d.model, d.model_asked, t) p on true
		)
		select array_agg(f.place), array_agg(f.message_id), array_agg(f.job_id), array_agg(f.session_id), array_agg(f.spot), count(*) filter (where f.is_completed),
			count(*) filter (where f.was_called) into places, ids, jobs, sessions, spots, n_ended, n_called
		from (
			select r.message_id, r.job_id, r.was_called, r.outcome = 'completed' as is_completed, q.session_id, q.spot,
				row(q.session_id, q.agent_id, q.attempts, q.runs, q.worker_id, q.changed_at,
				case when r.outcome = 'completed' then 'completed'
				when r.outcome = 'error' and (r.is_permanent or r.wait_ms is null and q.errors + 1 >= tries) then 'failed'
				else 'blocked' end,    -- until promote_heads() below makes the head of the session ready
				case when r.was_called then (select price(k.p, r.tokens_prompt, r.tokens_cached, r.tokens_cache_write, r.tokens_cache_write_1h, r.tokens_completion,
						r.tokens_reasoning, r.tokens_audio_in, r.tokens_audio_out, r.service_tier) from tariffs k
					where k.provider is not distinct from r.provider and k.model is not distinct from r.model
					and k.model_asked is not distinct from r.model_asked) end)::settle_place as place
			from unnest(recs) r cross join lateral (select o.ctid as spot, o.* from queue o where o.message_id = r.message_id offset 0) q
			cross join lateral (select from ai_sessions s where s.id = q.session_id for no key update skip locked) s
			cross join lateral (select from ai_messages m where m.id = r.message_id
				and (pass = 2 or m.job_id = r.job_id and m.processing_status = 'processing') for no key update skip locked) m
			where q.job_id = r.job_id and q.state = 'running' and (pass = 2 or q.worker_id = me) and r.outcome <> 'gone' offset 0) f;
		exit when cardinality(ids) = cardinality(recs);
	end loop;
	held := case when cardinality(ids) = cardinality(recs) then recs else array(select r from unnest(recs) r where r.job_id = any (jobs)) end;

	if cardinality(ids) > 0 then
		select w.name into who from workers w where w.id = me;
		if n_ended = cardinality(ids) then
			delete from queue q where q.ctid = any (spots);
			get diagnostics n_gone = row_count;
			if n_gone < cardinality(ids) then    -- a row was changed since, and is elsewhere: its deadline (tick_clock.sql)
				delete from queue q where q.message_id = any (ids);
			end if;
		else
			delete from queue q using rows from (unnest(held), unnest(places)) f where q.message_id = any (array[f.message_id]) and f.becomes = 'completed';
			update queue q set state = f.becomes::queue_state, changed_at = t, deadline = null, worker_id = null, job_id = null,
				errors = q.errors + (f.outcome = 'error' and f.wait_ms is null)::int, attempts = q.attempts - (f.outcome = 'released')::int,
				run_after = case when f.becomes = 'blocked' and f.outcome = 'error' then t + coalesce(make_interval(secs => f.wait_ms / 1000.0), backoff)
					-- It waits for a process, which may have answered meanwhile.
					when f.outcome = 'released' and f.wait_ms > 0 and exists (select from tool_calls c where c.message_id = f.message_id and c.state = 'running' and c.round > 0)
					then t + make_interval(secs => f.wait_ms / 1000.0) end
			from rows from (unnest(held), unnest(places)) f where q.message_id = any (array[f.message_id]) and f.becomes <> 'completed';
			update lanes l set blocked_until = greatest(l.blocked_until, t + x.wait)
			from (select f.agent_id, max(make_interval(secs => least(coalesce(f.wait_ms, 1000), 86400000) / 1000.0)) as wait
			      from rows from (unnest(held), unnest(places)) f where f.outcome = 'rate_limited' group by 1) x
			where l.agent_id = x.agent_id and l.agent_id in (select k.agent_id from lanes k where k.agent_id = x.agent_id for no key update skip locked);
		end if;
		update ai_messages m set
			processing_status = case when f.becomes in ('completed', 'failed') then f.becomes else 'queued' end,
			processing_started_at = case when f.becomes = 'blocked' then null else m.processing_started_at end,
			processing_completed_at = case when f.becomes in ('completed', 'failed') then t end,
			content = case f.becomes when 'completed' then coalesce(f.content, '') else m.content end,
			own_protocol = case f.becomes when 'completed' then f.own_protocol else m.own_protocol end,
			finish_reason = case when f.becomes in ('completed', 'failed') then f.finish_reason else m.finish_reason end,
			own_turn = case f.becomes when 'completed' then f.own_turn else m.own_turn end,
			processing_error = case f.outcome when 'error' then f.error_class || ': ' || f.error when 'completed' then null else m.processing_error end,
			-- A released attempt is not counted: neither it nor the first one is a retry.
			retry_count = case f.outcome when 'released' then greatest(f.attempts - 2, 0) else m.retry_count end,
			model_used = coalesce(f.model, m.model_used), tokens_prompt = f.tokens_prompt, tokens_completion = f.tokens_completion,
			generation_time_ms = coalesce(f.generation_ms, m.generation_time_ms), rag_context = coalesce(f.context, m.rag_context),
			intent = case when f.intent_confidence is not null then f.intent else m.intent end, intent_confidence = coalesce(f.intent_confidence, m.intent_confidence)
		from rows from (unnest(held), unnest(places)) f where m.id = any (array[f.message_id]);
		insert into attempts (job_id, message_id, agent_id, number, worker_id, worker_name, provider, model, started_at, ended_at, outcome, error_class,
			error, is_permanent, ttft_ms, generation_ms, tokens_prompt, tokens_completion, is_estimated, cost_pico, said, chain, request_id,
			finish_reason, proof, vendor_cost_pico)
		select f.job_id, f.message_id, f.agent_id, f.runs, f.worker_id, who, f.provider, f.model, f.began, t,
			case when f.outcome = 'error' then case f.becomes when 'failed' then 'failed' else 'retry' end else f.outcome end,
			f.error_class, f.error, f.is_permanent, f.ttft_ms, f.generation_ms, f.tokens_prompt, f.tokens_completion, f.is_estimated,
			f.cost_pico, nullif(f.said, ''), f.chain, f.request_id, f.finish_reason, f.proof, f.vendor_cost_pico
		from rows from (unnest(held), unnest(places)) f
		-- The row exists already: its worker had reported it as gone while the job still held the message.
		on conflict (message_id, job_id) do update set ended_at = excluded.ended_at, outcome = excluded.outcome;
		if n_called > 0 then
			insert into ai_costs (job_id, call, message_id, session_id, agent_id, agent_type, provider, model, tokens_input, tokens_output,
				tokens_cached, tokens_cache_write, tokens_cache_write_1h, tokens_reasoning, tokens_audio_in, tokens_audio_out, service_tier, is_estimated, cost_pico,
				vendor_cost_pico, intent, created_at)
			select f.job_id, coalesce(f.n_calls, 1), f.message_id, f.session_id, f.agent_id, (select a.type from agents a where a.id = f.agent_id),
				f.provider, f.model, f.tokens_prompt, f.tokens_completion,
				f.tokens_cached, f.tokens_cache_write, f.tokens_cache_write_1h, f.tokens_reasoning, f.tokens_audio_in, f.tokens_audio_out, f.service_tier,
				coalesce(f.is_estimated, false), f.cost_pico, f.vendor_cost_pico, f.intent, t
			from rows from (unnest(held), unnest(places)) f where f.was_called
			on conflict do nothing;
		end if;
		perform add_stats(date_trunc('minute', t), x.agent_id, me, completed => x.completed, failed => x.failed, errors => x.errors, processing_ms => x.ms::bigint,
				tokens_prompt => x.prompt, tokens_completion => x.completion, tokens_cached => x.cached, cost_pico => x.pico, cost_unknown => x.unknown,
				cost_wasted_pico => x.wasted, limited => x.limited)
			from (select f.agent_id, count(*) filter (where f.becomes = 'completed') as completed, count(*) filter (where f.becomes = 'failed') as failed,
				count(*) filter (where f.outcome = 'error') as errors,
				coalesce(sum(extract(epoch from t - f.began) * 1000) filter (where f.becomes = 'completed'), 0) as ms,
				coalesce(sum(f.tokens_prompt) filter (where f.was_called), 0) as prompt,
				coalesce(sum(f.tokens_completion) filter (where f.was_called), 0) as completion,
				coalesce(sum(f.tokens_cached) filter (where f.was_called), 0) as cached, coalesce(sum(f.cost_pico), 0) as pico,
				count(*) filter (where f.was_called and f.cost_pico is null) as unknown,
				coalesce(sum(f.cost_pico) filter (where f.becomes <> 'completed' and coalesce(f.error_class, '') not in ('next_round', 'waits_for_task')), 0) as wasted, sum(refusals(f.chain))::bigint as limited
			from rows from (unnest(held), unnest(places)) f group by f.agent_id order by f.agent_id) x;
		if n_ended > 0 then
			insert into latencies as old (slot, agent_id, worker_id, counts)
			select date_bin('5 min', t, timestamptz '2000-01-01 00:00+00'), f.agent_id, me, latency_counts(array_agg(extract(epoch from t - f.began) * 1000))
			from unnest(places) f where f.becomes = 'completed' group by f.agent_id order by f.agent_id
			on conflict (slot, agent_id, worker_id) do update set counts = add_counts(old.counts, excluded.counts);
		end if;
	end if;
	if is_chain then
		perform settle_chain(recs, me, t);
	end if;
	select exists (select from breakers b where b.probe_job is not null) as probes, exists (select from reservations) as reservations, exists (select from stops) as stops,
		exists (select from message_stream) as streams,
		exists (select from awaited) or exists (select from webhooks w where w.removed_at is null) as is_told into has;
	if has.probes then
		-- The result of a probe comes with its worker's next report. If the worker dies before that, another probe may
		-- start after 10 s, not only when the attempt would have ended.
		update breakers b set probe_until = least(b.probe_until, t + interval '10 s') from (
			select k.provider, k.model, k.key_env from breakers k where k.probe_job = any (jobs) for update skip locked) p
		where b.provider = p.provider and b.model = p.model and b.key_env = p.key_env;
	end if;
	if has.reservations then
		delete from reservations v using unnest(recs) r where v.job_id = any (array[r.job_id]);
	end if;
	if has.stops then
		delete from stops v using unnest(recs) r where v.job_id = any (array[r.job_id]);
	end if;
	if has.streams then
		delete from message_stream v using unnest(recs) r where v.message_id = any (array[r.message_id]) and v.job_id = r.job_id;
	end if;
	if has.is_told then
		perform tell_ended(array(select f.message_id from rows from (unnest(held), unnest(places)) f where f.becomes in ('completed', 'failed')));
	end if;
	if n_ended < cardinality(ids) or exists (
			select from unnest(sessions) s(id) cross join lateral (
				select from queue w where w.session_id = s.id and w.state = 'blocked' offset 0) w) then
		perform promote_heads(sessions, true);
	end if;
	if cardinality(ids) = cardinality(asked) then
		return query select u.job, 'kept' from unnest(jobs) u(job);
		return;
	end if;
	if cardinality(recs) > coalesce(cardinality(ids), 0) then
		others := array(select r from unnest(recs) r where jobs is null or not r.job_id = any (jobs));
		perform settle_late(others, me, t);
	end if;
	return query select r.job_id, case when r.job_id = any (busy) then 'busy' when r.job_id = any (jobs) or r.outcome <> 'gone' and exists (select from attempts a where a.message_id = r.message_id and a.job_id = r.job_id
			and a.outcome not in ('lost', 'cancelled')) then 'kept' else 'lost' end
		from unnest(asked) r;
end $$;
grant execute on function signalbox.settle_batch to signalbox_worker;
