-- The status document of a message (docs/MAP.md), whoever asks: message_status() and the functions for HTTP check that.
-- known_place: its place, where the caller has it already, because place_of() reads up to a thousand rows; null: it has
-- not.
create or replace function signalbox.status_document(message bigint, known_place bigint default null) returns jsonb
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	m     ai_messages;
	s     ai_sessions;
	q     queue;
	place bigint;
	waits text;
	cost  numeric;
	agent text;
begin
	select * into m from ai_messages where id = message;
	select * into s from ai_sessions where id = m.session_id;
	select a.slug into agent from agents a where a.id = s.agent_id;
	if m.processing_status in ('pending', 'queued') then
		select * into q from queue where message_id = m.id;
		place := coalesce(known_place, place_of(q));
		waits := waits_for(q);
	end if;
	-- One call of unknown price makes the sum unknown.
	select case when bool_and(cost_pico is not null) then usd(sum(cost_pico)) end into cost from ai_costs where message_id = m.id;
	-- Without a query in it: PL/pgSQL computes such an expression by itself.
	return jsonb_build_object(
		'message_id', m.uuid, 'session_id', s.uuid, 'agent', agent,
		'status', m.processing_status, 'waits_for', waits, 'queue_position', place,
		'eta_seconds', case when place is not null then eta(place, waits, coalesce(held_until(q.agent_id, waits), q.run_after), fleet_slots(), agent_seconds(q.agent_id)) end,
		'queued_at', utc(m.queued_at), 'processing_started_at', utc(m.processing_started_at),
		'processing_completed_at', utc(m.processing_completed_at),
		'content', case when m.processing_status = 'completed' then m.content end,
		'generation_time_ms', m.generation_time_ms, 'model_used', m.model_used,
		'tokens_prompt', m.tokens_prompt, 'tokens_completion', m.tokens_completion, 'cost_usd', cost,
		'error', case when m.processing_status = 'failed' then m.processing_error end, 'retry_count', m.retry_count,
		'finish_reason', m.finish_reason, 'intent', m.intent, 'intent_confidence', round(m.intent_confidence::numeric, 3));
end $$;
