-- Last of all: the triggers, the owner of every function, and who may call what.
select signalbox.attach_triggers();
do $$
declare f regprocedure;
begin
	for f in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'signalbox'::regnamespace loop
		-- adopt and give_back move tables of other owners: they run as whoever migrates.
		if f::text not like 'signalbox.adopt(%' and f::text not like 'signalbox.give_back(%' and f::text not like 'signalbox.attach_triggers(%'
			and f::text not like 'signalbox.rename_owned(%' then
			execute format('alter function %s owner to signalbox_owner', f);
		end if;
		execute format('revoke all on function %s from public', f);
	end loop;
end $$;
grant execute on function signalbox.dispatch, signalbox.message_status, signalbox.queue_position, signalbox.watch, signalbox.stream_text,
	signalbox.message_uuid, signalbox.message_full to signalbox_app, signalbox_viewer, signalbox_worker;
grant execute on function signalbox.queue_page, signalbox.failed_page, signalbox.failed_groups, signalbox.failed_plan, signalbox.message_text, signalbox.queue_status, signalbox.agents_page,
	signalbox.providers_page, signalbox.routes_page, signalbox.transcript, signalbox.test_session, signalbox.usd, signalbox.utc, signalbox.fleet_slots, signalbox.breaker_states,
	signalbox.costs_page, signalbox.agent_spending to signalbox_viewer, signalbox_worker;
revoke execute on function signalbox.dispatch from signalbox_viewer;
grant execute on function signalbox.dispatch, signalbox.test_dispatch, signalbox.retry, signalbox.cancel, signalbox.retry_hold, signalbox.retry_undo,
	signalbox.retry_hold_many, signalbox.retry_undo_many, signalbox.pause_agent, signalbox.resume_agent,
	signalbox.pause_all, signalbox.resume_all, signalbox.drain_worker to signalbox_operator;
grant execute on function signalbox.worker_hello, signalbox.worker_renew, signalbox.worker_bye, signalbox.worker_disown,
	signalbox.claim, signalbox.take, signalbox.settle, signalbox.stream_put, signalbox.tick, signalbox.tend, signalbox.report_calls to signalbox_worker;
grant execute on function signalbox.work_take, signalbox.work_progress, signalbox.work_end to signalbox_worker;
grant execute on function signalbox.work_add, signalbox.work_status, signalbox.work_cancel to signalbox_operator;
grant execute on function signalbox.tariff to signalbox_worker; -- what /metrics prices tokens with
grant execute on function signalbox.prune, signalbox.import_prices, signalbox.prices_import, signalbox.reprice, signalbox.agent_set, signalbox.provider_set to signalbox_admin;
-- Guards run as whoever writes; what they call must be open to them.
grant execute on function signalbox.ai_messages_guard, signalbox.ai_messages_direct to public;
grant create on schema signalbox to signalbox_owner;
