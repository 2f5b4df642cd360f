-- What a bill is read by, where a trace comes from, and what a provider must be told again.

alter table agents add column type text, add column tokens_per_min int check (tokens_per_min > 0);
-- As it was when the call was made: who an agent is for may change later.
alter table ai_costs add column agent_type text;
-- The trace that a message belongs to (W3C trace context), as its dispatcher said.
alter table ai_messages add column traceparent text;
-- An answer as its provider said it, byte for byte, where it holds parts that only that protocol knows (signatures, ids of calls): said back unchanged.
alter table ai_messages add column own_protocol text, add column own_turn text;
alter type settle_record add attribute own_protocol text, add attribute own_turn text;
drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page();
