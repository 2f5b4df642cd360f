drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page();
alter table agents drop column type, drop column tokens_per_min;
alter table ai_costs drop column agent_type;
alter table ai_messages drop column traceparent, drop column own_protocol, drop column own_turn;
alter type settle_record drop attribute own_protocol, drop attribute own_turn;
