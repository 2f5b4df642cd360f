-- Brings a failed or cancelled message back to step `step` of its tools: what it did from there on is given up, so the model is asked again and may call for other
-- tools, or for the same ones again. The journal keeps what was given up. Where calls are among it that may have done something, nothing is done unless
-- `accepted`: they are returned for the question. SB003: another status; SB004: it has no such step.
create or replace function signalbox.retry_from(message uuid, step int, actor text, accepted boolean) returns table (doc jsonb, status text, calls jsonb)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	locked bigint := lock_message(retry_from.message, null, null);
	was    text := (select m.processing_status from ai_messages m where m.id = locked);
	n      int := (select coalesce(max(r.round), 0) from tool_rounds r where r.message_id = locked and r.round > 0);
	down   int := (select 1000 * (1 + coalesce(max(-r.round), 0) / 1000) from tool_rounds r where r.message_id = locked and r.round < 0);
begin
	if was not in ('failed', 'cancelled') then
		raise exception 'only a failed or cancelled message can be retried; this one is %', was using errcode = 'SB003';
	elsif step not between 1 and n then
		raise exception 'it has % steps with tools', n using errcode = 'SB004';
	end if;
	calls := (select jsonb_agg(jsonb_build_object('call', c.uuid, 'round', c.round, 'name', c.name, 'arguments', left(c.arguments, 500), 'state', c.state) order by c.round, c.position)
		from tool_calls c left join tools o on o.id = c.tool_id where c.message_id = locked and c.round >= step and c.state in ('ok', 'unknown', 'running', 'error')
		and coalesce(o.side_effects and o.kind <> 'code', true));
	if calls is null or accepted then
		update tool_calls c set round = -(c.round + down) where c.message_id = locked and c.round >= step;
		update tool_rounds r set round = -(r.round + down) where r.message_id = locked and r.round >= step;
		perform log_action(actor, 'retry_from', locked, null, null, jsonb_build_object('step', step, 'given_up', calls), null);
		doc := retry(retry_from.message, actor);
		status := doc ->> 'status';
	end if;
	return next;
end $$;
grant execute on function signalbox.retry_from to signalbox_operator;
