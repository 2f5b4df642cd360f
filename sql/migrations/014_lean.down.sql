drop function if exists signalbox.others_ahead(int, bigint, int), signalbox.place_at_dispatch(int, int, bigint, bigint), signalbox.refusals(jsonb),
	signalbox.agent_room(int, int, boolean, int[]),
	signalbox.contexts(uuid, bigint[], uuid[], boolean), signalbox.routes_for(int, uuid), signalbox.intent_for(int, bigint, uuid, boolean),
	signalbox.take_probes(bigint[], interval);
drop type signalbox.settle_place;
alter table queue_totals drop column upto_seq;
alter table signalbox.agents drop column retries, drop column first_byte_timeout;
