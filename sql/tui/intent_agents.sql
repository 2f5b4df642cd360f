-- -> slug text
select a.slug from signalbox.agents a where a.intent_model is not null and exists (select from signalbox.agent_intents i where i.agent_id = a.id) order by 1
