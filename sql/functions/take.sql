-- claim() with all that the work needs: the agent as it is now, and the conversation, oldest first: the message that is asked, and before it
-- what was said (not what failed or was cancelled), at most the agent's window and 8 MB. One call, so that a message is on its way after
-- one round trip.  turns: [["user", "…"], ["assistant", "…"(, protocol, its own words)], …]   routes: see routes_of(); null:
-- the agent's own provider, which is free   intent: see intent_of(); null where the agent has none.
create or replace function signalbox.take(worker uuid, slots int, attempt_timeout interval)
returns table (message_id bigint, message_uuid uuid, job_id uuid, number int, is_watched boolean, agent text, provider text, protocol text,
	base_url text, key_env text, model text, system_prompt text, max_tokens int, turns json, routes json, on_cut text, is_budgeted boolean, traceparent text,
	intent jsonb, header text, query text, temperature text, top_p text, reasoning text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
	caller uuid := worker_of(take.worker);
	trouble boolean := exists (select from breakers b where b.state <> 'closed' or b.forced = 'open');
	ids bigint[] := array(select c.message_id from claim(take.worker, take.slots, take.attempt_timeout) c);
begin
	-- A statement of its own: what claim() saw last may be newer than what the statement that called it sees.
	return query
	select q.message_id, me.uuid, q.job_id, q.runs, exists (select from watches v where v.message_id = q.message_id and v.until > clock_timestamp()),
		a.slug, p.slug, p.protocol, p.base_url, p.key_env, a.model, a.system_prompt, call_tokens(a),
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
		case when trouble or a.chain is not null then routes_of(a.id, q.job_id, least(take.attempt_timeout, interval '1 day')) end, a.on_cut,
		a.budget_day is not null or a.budget_month is not null, me.traceparent,
		case when a.intent_model is not null then intent_of(a.id, q.message_id, q.job_id, trouble, least(take.attempt_timeout, interval '1 day')) end,
		p.header, p.query, a.temperature::text, a.top_p::text, a.reasoning
	from unnest(ids) i(id) cross join lateral (select * from queue o where o.message_id = i.id offset 0) q
	join ai_messages me on me.id = q.message_id join agents a on a.id = q.agent_id left join providers p on p.id = a.provider_id
	where q.worker_id = caller and q.state = 'running';
end $$;
