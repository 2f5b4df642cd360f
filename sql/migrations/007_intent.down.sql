-- Back to messages that nobody classifies.
drop view routes;
alter view all_routes rename to routes;
drop table agent_intents, intent_cache, work;
delete from agent_routes where ord < 0;
alter type settle_record drop attribute intent, drop attribute intent_confidence, drop attribute intent_key;
alter table ai_costs drop column intent;
alter table ai_messages drop column intent, drop column intent_confidence;
alter table agents drop column intent_model, drop column intent_threshold;
drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page();
