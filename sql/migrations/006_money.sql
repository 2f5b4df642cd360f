-- What a bill is read by, and where a trace comes from.

alter table agents add column type text, add column tokens_per_min int check (tokens_per_min > 0);
-- As it was when the call was made: who an agent is for may change later.
alter table ai_costs add column agent_type text;
-- The trace that a message belongs to (W3C trace context), as its dispatcher said.
alter table ai_messages add column traceparent text;
drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page();
