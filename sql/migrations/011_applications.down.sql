-- Back to sessions and keys of nobody. Of two applications with one thread the older keeps it, of two with one key the newer.
update ai_sessions s set thread_key = null where exists (select from ai_sessions o where o.id < s.id and o.agent_id = s.agent_id and o.user_id = s.user_id
	and coalesce(o.collection_name, '') = coalesce(s.collection_name, '') and o.thread_key = s.thread_key);
drop index ai_sessions_thread;
alter table ai_sessions drop column application;
create unique index ai_sessions_thread on ai_sessions (agent_id, user_id, coalesce(collection_name, ''), thread_key)
	where user_id is not null and thread_key is not null;
delete from idempotency_keys k using idempotency_keys o where o.agent_id = k.agent_id and o.user_id = k.user_id and o.key = k.key
	and (o.expires_at, o.application) > (k.expires_at, k.application);
alter table idempotency_keys drop constraint idempotency_keys_pkey, drop column application, add primary key (agent_id, user_id, key);
-- Workers of this version are unknown to the functions of the one before: they end, and what they hold goes back.
update workers set ended_at = now(), is_idle = false where is_bound and ended_at is null;
alter table work drop column jobs;
alter table workers drop column is_bound, drop column login, drop column secret_names;
drop function if exists signalbox.worker_enter(uuid, text, text, int, text[], interval, text), signalbox.worker_of(uuid), signalbox.worker_id(uuid),
	signalbox.same_worker(uuid, uuid), signalbox.application();
