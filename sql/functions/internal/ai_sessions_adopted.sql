-- Trigger on the application's sessions table: a new session is known here at once, under its own number; a deleted
-- session is deleted here, and its open messages are cancelled. The table's owner may change its columns: they are read
-- only while they have the types that they had before, integers and text.
create or replace function signalbox.ai_sessions_adopted() returns trigger
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	types oid[] := array(select atttypid from pg_attribute where attrelid = tg_relid and attname = tg_argv[0] and not attisdropped
	                     union all select atttypid from pg_attribute where attrelid = tg_relid and attname = tg_argv[1] and not attisdropped);
	k     bigint;
	u     text;
begin
	if not exists (select from adopted a where a.sessions in (tg_relid, pg_partition_root(tg_relid)))
		or coalesce(types[1] not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype), true)
		or types[2] not in ('uuid'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'text'::regtype) then
		raise exception '% is no adopted table of sessions any more', tg_relid::regclass using errcode = 'SB003';
	end if;
	if tg_op = 'INSERT' then
		execute format('select ($1).%I::bigint', tg_argv[0]) into k using new;
		if tg_argv[1] <> '' then
			execute format('select ($1).%I::text', tg_argv[1]) into u using new;
		end if;
		insert into ai_sessions (id, uuid) overriding system value
			values (k, case when u ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then u::uuid else gen_random_uuid() end) on conflict do nothing;
		return null;
	end if;
	execute format('select ($1).%I::bigint', tg_argv[0]) into k using old;
	if tg_op = 'UPDATE' then
		if k is distinct from (select id from ai_sessions where id = k) then
			return null;
		end if;
		raise exception 'the number of a session may not change while its messages are adopted' using errcode = 'SB003';
	end if;
	perform from ai_sessions where id = k for update;
	insert into stops select q.worker_id, q.job_id from queue q where q.session_id = k and q.state = 'running' and q.worker_id is not null on conflict do nothing;
	update ai_messages set processing_status = 'cancelled', processing_completed_at = clock_timestamp()
		where id in (select message_id from queue where session_id = k) and processing_status in ('pending', 'queued', 'processing');
	delete from queue where session_id = k;
	delete from test_sessions where session_id = k;
	delete from ai_sessions where id = k;
	return null;
end $$;
