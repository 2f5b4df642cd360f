-- claim() and contexts() in one call, for workers before version 14.
create or replace function signalbox.take(worker uuid, slots int, attempt_timeout interval)
returns table (message_id bigint, message_uuid uuid, job_id uuid, number int, is_watched boolean, agent text, provider text, protocol text,
	base_url text, key_env text, model text, system_prompt text, max_tokens int, turns json, routes json, on_cut text, is_budgeted boolean, traceparent text,
	intent jsonb, header text, query text, temperature text, top_p text, reasoning text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_column
declare
	ids     bigint[];
	uuids   uuid[];
	jobs    uuid[];
	numbers int[];
	watched boolean[];
begin
	select array_agg(c.message_id), array_agg(c.message_uuid), array_agg(c.job_id), array_agg(c.number), array_agg(c.is_watched)
		into ids, uuids, jobs, numbers, watched from claim(take.worker, take.slots, take.attempt_timeout) c;
	-- A statement of its own, with a new snapshot: what claim() saw last may be newer than the snapshot of the
	-- statement that called it.
	return query
	select x.message_id, i.uuid, x.job_id, i.number, i.is_watched, x.agent, x.provider, x.protocol, x.base_url, x.key_env, x.model, x.system_prompt, x.max_tokens,
		x.turns, x.routes, x.on_cut, x.is_budgeted, x.traceparent, x.intent, x.header, x.query, x.temperature, x.top_p, x.reasoning
	from unnest(jobs, uuids, numbers, watched) i(job, uuid, number, is_watched) join contexts(take.worker, ids, jobs, false) x on x.job_id = i.job;
end $$;
grant execute on function signalbox.take to signalbox_worker;
