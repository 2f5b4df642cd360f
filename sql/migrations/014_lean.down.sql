drop function if exists signalbox.others_ahead(int, bigint, int), signalbox.place_at_dispatch(int, int, bigint), signalbox.refusals(jsonb),
	signalbox.agent_room(int, int, boolean, int[]), signalbox.purse_of(int, int),
	signalbox.contexts(uuid, bigint[], uuid[], boolean), signalbox.routes_for(int, uuid), signalbox.intent_for(int, bigint, uuid, boolean),
	signalbox.take_probes(bigint[], interval), signalbox.probe_route(int, uuid), signalbox.is_before(int, int, bigint);
drop type signalbox.settle_place;
alter table queue_totals drop column upto_seq;
alter table signalbox.agents drop column retries, drop column first_byte_timeout;
do $$
begin
	if (select relkind from pg_class where oid = 'signalbox.ai_messages'::regclass) = 'r' then
		alter table signalbox.ai_messages set (fillfactor = 70);
	end if;
end $$;
