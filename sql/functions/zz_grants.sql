-- Last of all: the triggers, and who may read and write what. Who may call a function stands at its file's foot; nobody may whom it does not name.
select signalbox.attach_triggers();
revoke execute on all functions in schema signalbox from public;
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
-- Guards run as whoever writes; what they call must be open to them.
grant execute on function signalbox.ai_messages_guard, signalbox.ai_messages_direct to public;
