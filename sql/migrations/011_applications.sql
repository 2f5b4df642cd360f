-- Whose a conversation is, and who a worker is (docs/decisions/016-who-is-who.md).

-- application: the role that was granted signalbox_app, whichever of its logins came; application.sql. Text, because it need not be a role for ever.
alter table ai_sessions add column application text;
update ai_sessions set application = created_by;
alter table ai_sessions alter column application set default session_user, alter column application set not null;
drop index ai_sessions_thread;
create unique index ai_sessions_thread on ai_sessions (application, agent_id, user_id, coalesce(collection_name, ''), thread_key)
	where user_id is not null and thread_key is not null;

alter table idempotency_keys add column application text;
update idempotency_keys k set application = s.application from ai_messages m join ai_sessions s on s.id = m.session_id where m.uuid = k.message_id;
delete from idempotency_keys where application is null;    -- its message is gone
alter table idempotency_keys alter column application set not null, drop constraint idempotency_keys_pkey,
	add primary key (application, agent_id, user_id, key);

-- is_bound: the worker is known by a key that nobody else has; its id is made from it, and does not serve as one. Others are of versions before this one:
-- known by their id and their login. secret_names: which variables it would give to a provider.
alter table workers add column is_bound boolean not null default false, add column login name, add column secret_names text;

-- Who ever had it: only they say what it cost.
alter table work add column jobs uuid[] not null default '{}';
update work set jobs = array[job_id] where job_id is not null;
