-- Writes calls of tools into the journal before they begin. Only for the attempt that holds the message, and under the lock of its session, so that no
-- other attempt begins between this and its commit. SB003: the caller is not this worker.
-- records: [{"message_id", "job_id", "round", "said", "own_protocol", "own_turn", "calls": [{"call": uuid, "tool", "call_id", "name", "arguments", "note",
-- "state": running | refused, "why"}]}], a reply of the model; or [{"message_id", "job_id", "again": [uuid]}], calls that are begun once more.
-- Returns (job_id, result): written; lost: the attempt holds the message no more, or the journal is not as it knows it, and nothing may begin; busy: the
-- session or a call is locked, send it again. Idempotent.
create or replace function signalbox.tool_begin(worker uuid, records jsonb) returns table (job_id uuid, result text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	me   uuid := worker_of(tool_begin.worker);
	who  text := (select w.name from workers w where w.id = me);
	t    timestamptz := clock_timestamp();
	r    record;
	left_calls uuid[];    -- those of `again` that are still open and nobody has locked
begin
	if me is null then
		raise exception 'worker % is somebody else', tool_begin.worker using errcode = 'SB003';
	end if;
	for r in select x.*, q.session_id, q.agent_id from jsonb_array_elements(records) with ordinality e(record, n)
			cross join lateral jsonb_to_record(e.record) x(message_id bigint, job_id uuid, round int, said text, own_protocol text, own_turn text, calls jsonb, again uuid[])
			left join lateral (select o.* from queue o where o.message_id = x.message_id and o.job_id = x.job_id and o.worker_id = me offset 0) q on true order by e.n loop
		job_id := r.job_id;
		perform from ai_sessions s where s.id = r.session_id for no key update skip locked;
		result := case when found then 'written' when r.session_id is null then 'lost' else 'busy' end;
		-- It may have been taken away before the lock; or this worker does not know of a round.
		if result = 'written' and (not exists (select from queue q where q.message_id = r.message_id and q.job_id = r.job_id and q.state = 'running')
				or exists (select from tool_rounds o where o.message_id = r.message_id and o.round = r.round and o.job_id <> r.job_id)) then
			result := 'lost';
		end if;
		if result = 'written' and r.again is not null then
			left_calls := array(select c.uuid from tool_calls c where c.uuid = any (r.again) and c.message_id = r.message_id for update skip locked);
			result := case when cardinality(left_calls) < cardinality(r.again) then 'busy'
				when exists (select from tool_calls c where c.uuid = any (r.again) and c.state <> 'running') then 'lost' else 'written' end;
		end if;
		if result = 'written' then
			insert into tool_rounds (message_id, round, job_id, said, own_protocol, own_turn, made_at)
				select r.message_id, r.round, r.job_id, r.said, r.own_protocol, r.own_turn, t where r.round is not null on conflict do nothing;
			insert into tool_calls (uuid, message_id, round, position, job_id, agent_id, tool_id, call_id, name, arguments, note, state, why, started_at, ended_at, worker_name, repeatable)
				select c.call, r.message_id, r.round, e.n, r.job_id, r.agent_id, o.id, c.call_id, c.name, c.arguments, c.note, c.state,
					c.why, t, case when c.state = 'refused' then t end, who, coalesce(o.idempotent or not o.side_effects or o.kind in ('sql', 'code'), false)
				from jsonb_array_elements(r.calls) with ordinality e(doc, n)
				cross join lateral jsonb_to_record(e.doc) c(call uuid, tool text, call_id text, name text, arguments text, note text, state text, why text)
				left join tools o on o.name = c.tool
				on conflict do nothing;
			insert into tasks (id, message_id, tool_name, user_id, collection_name, thread_key, company_name, arguments, created_at, deadline)
				select c.uuid, c.message_id, c.name, s.user_id, s.collection_name, s.thread_key, (select f.value from profile_of(s.user_id, s.collection_name) f where f.field = 'company_name'),
					c.arguments, t, t + o.timeout
				from tool_calls c join tools o on o.id = c.tool_id and o.kind = 'process' join ai_sessions s on s.id = r.session_id
				where c.message_id = r.message_id and c.round = r.round and c.state = 'running' on conflict do nothing;
			update tool_calls c set job_id = r.job_id, runs = c.runs + 1, started_at = t, worker_name = who
				where c.uuid = any (r.again) and c.job_id <> r.job_id;
		end if;
		return next;
	end loop;
end $$;
grant execute on function signalbox.tool_begin to signalbox_worker;
