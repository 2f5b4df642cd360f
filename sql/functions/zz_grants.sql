-- Runs last (hence zz_): attaches the triggers and grants the rights on tables. Rights on a function are granted in the
-- last line of its own file; a role that this line does not name may not call the function.
select signalbox.attach_triggers();
revoke execute on all functions in schema signalbox from public;
revoke all on all tables in schema signalbox from signalbox_app, signalbox_viewer, signalbox_operator, signalbox_admin, signalbox_worker;
grant usage on schema signalbox to public;
grant select on all tables in schema signalbox to signalbox_viewer;
-- A worker may read only the tables and columns that its statements name, and no job id: the worker that claims a
-- message gets the job id from the claim.
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
	-- A viewer may not read the idempotency keys of applications, the texts sent as work, cached classifications, and the hashes of tokens;
	-- and not the lock tables, which no other role may lock. (After a down migration some of these tables do not
	-- exist.)
	foreach t in array array['idempotency_keys', 'work', 'intent_cache', 'tokens', 'lock_breakers', 'lock_claim', 'lock_tend', 'lock_tick'] loop
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
-- These trigger functions run for every role that writes ai_messages: every role may execute them.
grant execute on function signalbox.ai_messages_guard, signalbox.ai_messages_direct to public;
