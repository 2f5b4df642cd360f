-- Last of all: the triggers, and who may do what. All of it is said anew each time: what was lost in a restore comes back, what is no longer here goes.
select signalbox.attach_triggers();
revoke all on all functions in schema signalbox from public, signalbox_app, signalbox_viewer, signalbox_operator, signalbox_admin, signalbox_worker;
revoke all on all tables in schema signalbox from signalbox_app, signalbox_viewer, signalbox_operator, signalbox_admin, signalbox_worker;
grant usage on schema signalbox to public;
grant select on all tables in schema signalbox to signalbox_viewer;
-- A worker reads what its statements name, and no job's id: a job is given to the worker that takes it.
grant select on signalbox.agents, signalbox.providers, signalbox.watches, signalbox.stats_minute to signalbox_worker;
grant select (message_id, agent_id, worker_id, state) on signalbox.queue to signalbox_worker;
grant select (id, uuid, session_id, role, content, processing_status, queued_at, processing_started_at, reply_to) on signalbox.ai_messages to signalbox_worker;
grant select (id, uuid) on signalbox.ai_sessions to signalbox_worker;
grant select (message_id, ended_at) on signalbox.attempts to signalbox_worker;
grant select on signalbox.schema_info to public;
grant insert, update, delete on signalbox.model_prices, signalbox.alert_rules to signalbox_admin;
do $$
declare
	t text;
begin
	-- What was asked, how it was judged, and keys of others; and the locks, which nobody else may have: not for a viewer. (On the way down not all are there.)
	foreach t in array array['idempotency_keys', 'work', 'intent_cache', 'lock_breakers', 'lock_claim', 'lock_tend', 'lock_tick'] loop
		if to_regclass('signalbox.' || t) is not null then
			execute format('revoke select on signalbox.%I from signalbox_viewer', t);
		end if;
	end loop;
	foreach t in array array['rolled_upto', 'stats_day'] loop
		if to_regclass('signalbox.' || t) is not null then
			execute format('grant select on signalbox.%I to signalbox_worker', t);
		end if;
	end loop;
end $$;
grant execute on function signalbox.message_status, signalbox.queue_position, signalbox.watch, signalbox.stream_text,
	signalbox.message_uuid, signalbox.fleet_slots to signalbox_app, signalbox_viewer;
-- The agent's prompt, and what was said to the model for it: not for an application.
grant execute on function signalbox.message_full to signalbox_viewer;
grant execute on function signalbox.queue_page, signalbox.failed_page, signalbox.failed_groups, signalbox.failed_plan, signalbox.message_text, signalbox.queue_status, signalbox.agents_page,
	signalbox.providers_page, signalbox.routes_page, signalbox.transcript, signalbox.test_session, signalbox.usd, signalbox.utc, signalbox.short_span, signalbox.breaker_states,
	signalbox.costs_page, signalbox.agent_spending to signalbox_viewer;
grant execute on function signalbox.dispatch to signalbox_app, signalbox_operator;
grant execute on function signalbox.test_dispatch, signalbox.retry, signalbox.cancel, signalbox.retry_hold, signalbox.retry_undo,
	signalbox.retry_hold_many, signalbox.retry_undo_many, signalbox.pause_agent, signalbox.resume_agent,
	signalbox.pause_all, signalbox.resume_all, signalbox.drain_worker to signalbox_operator;
grant execute on function signalbox.worker_enter, signalbox.worker_hello, signalbox.worker_renew, signalbox.worker_bye, signalbox.worker_disown,
	signalbox.claim, signalbox.contexts, signalbox.take, signalbox.settle, signalbox.settle_batch, signalbox.secret_names, signalbox.stream_write, signalbox.stream_put, signalbox.tick, signalbox.tend, signalbox.report_calls to signalbox_worker;
grant execute on function signalbox.work_begin, signalbox.work_take, signalbox.work_args, signalbox.work_progress, signalbox.work_end to signalbox_worker;
grant execute on function signalbox.work_add, signalbox.work_status, signalbox.work_cancel to signalbox_operator;
grant execute on function signalbox.tariff, signalbox.queue_status, signalbox.breaker_states to signalbox_worker; -- for /metrics
grant execute on function signalbox.provider_secrets to signalbox_viewer;
grant execute on function signalbox.prune, signalbox.import_prices, signalbox.prices_import, signalbox.reprice, signalbox.agent_set, signalbox.provider_set to signalbox_admin;
-- Guards run as whoever writes; what they call must be open to them.
grant execute on function signalbox.ai_messages_guard, signalbox.ai_messages_direct to public;
