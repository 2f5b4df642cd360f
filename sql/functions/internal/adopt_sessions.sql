-- Makes the application's sessions known here under their own numbers and, where they have one, their own uuid: the
-- existing sessions, and each new one from now on. From now on sessions that are made here are numbered below zero, so
-- that no number is used twice; what was made here during an earlier adoption comes back.
create or replace function signalbox.adopt_sessions(rel regclass, sessions regclass, number name) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	theirs name := (select had ->> 'owner' from adopted);
	word   text;
	fits   boolean := false;
	k      text;
begin
	delete from test_sessions where session_id > 0;
	delete from ai_sessions where id > 0;    -- they have no messages
	execute format('alter table signalbox.ai_sessions alter column id set increment by -1 set minvalue %s set maxvalue -1 set start with -1 restart with %s',
		-9223372036854775808, least((select min(id) from ai_sessions), 0) - 1);
	if sessions is not null then
		execute format('lock table %s in share row exclusive mode', sessions);
		if exists (select from pg_attribute where attrelid = sessions and attname = 'uuid' and not attisdropped
		           and atttypid in ('uuid'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'text'::regtype)) then
			execute format('select count(*) = count(distinct lower(uuid::text)) and coalesce(bool_and(uuid::text ~* %L), true) from %s',
				'^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$', sessions) into fits;
		end if;
		word := case when fits then 'uuid' end;
		execute format('insert into signalbox.ai_sessions (id, uuid, created_by) overriding system value select %I, coalesce(%s, gen_random_uuid()), %L from %s',
			number, coalesce(word || '::uuid', 'null'), theirs, sessions);
		execute format('create trigger signalbox_session after insert or delete or update of %I on %s for each row execute function signalbox.ai_sessions_adopted(%L, %L)',
			number, sessions, number, coalesce(word, ''));
	else
		execute format('insert into signalbox.ai_sessions (id, created_by) overriding system value
			select distinct session_id, %L from %s where session_id is not null', theirs, rel);
	end if;
	-- Messages that were made here during an earlier adoption.
	select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into k from pg_attribute a
		where a.attrelid = 'signalbox.ai_messages'::regclass and a.attnum > 0 and a.attname <> 'session_id';
	execute format('insert into %s (signalbox_session, %s) overriding system value select session_id, %s from signalbox.ai_messages_own', rel, k, k);
	set constraints all immediate;
	alter table signalbox.ai_messages_own disable trigger user;
	delete from ai_messages_own;
	alter table signalbox.ai_messages_own enable trigger user;
	execute format('update signalbox.ai_sessions s set message_count = m.n from (select signalbox_session, count(*) as n from %s group by 1) m
		where s.id = m.signalbox_session', rel);
	if theirs <> 'signalbox_owner' then
		execute format('grant select (id, uuid) on signalbox.ai_sessions to %I', theirs);
	end if;
end $$;
