-- Gives an adopted table back: the added columns are dropped; types, defaults, owner, rights and triggers are what they
-- were; rows stay, and old rows get their old values again. Sessions that were made here stay here, with their
-- messages. Messages that wait or run would be lost with the columns, so there may be none (SB003).
create or replace function signalbox.give_back() returns text
language plpgsql set search_path = pg_catalog, signalbox, pg_temp set timezone = 'UTC' as $$
declare
	a   adopted;
	x   record;
	n   bigint;
	top bigint;
begin
	perform pg_advisory_xact_lock(hashtext('signalbox.migrate'));
	select * into a from adopted;
	if not found then
		raise exception 'no table is adopted' using errcode = 'SB002';
	elsif exists (select from queue where state <> 'failed') then
		raise exception '% messages still wait or run: let them end, or cancel them', (select count(*) from queue where state <> 'failed') using errcode = 'SB003';
	end if;
	perform adopt_lock(a.rel);
	for x in select tgname, tgrelid::regclass as rel from pg_trigger t join pg_proc p on p.oid = t.tgfoid
	         where t.tgrelid in (a.rel, a.sessions) and not tgisinternal and tgparentid = 0 and p.pronamespace = 'signalbox'::regnamespace loop
		execute format('drop trigger %I on %s', x.tgname, x.rel);
	end loop;
	-- Before any write: from here on the role that migrates is the writer, and these triggers would fire for it.
	for x in select t ->> 'name' as name from jsonb_array_elements(a.had -> 'triggers') t loop
		execute format('drop trigger if exists %I on %s', x.name, a.rel);
	end loop;
	for x in select k.conname, k.conrelid::regclass as rel, c.attname, r.attname as ref from pg_constraint k
	         join pg_attribute c on c.attrelid = k.conrelid and k.conkey = array[c.attnum] join pg_attribute r on r.attrelid = a.rel and k.confkey = array[r.attnum]
	         where k.contype = 'f' and k.confrelid = a.rel and k.conparentid = 0 loop
		execute format('select count(*) from %s f join %s m on f.%I = m.%I where m.signalbox_session < 0', x.rel, a.rel, x.attname, x.ref) into n;
		if n > 0 then
			raise exception '% rows of % point at messages of conversations that were made here: delete them first', n, x.rel using errcode = 'SB003';
		end if;
	end loop;
	alter table signalbox.ai_messages_own disable trigger user;
	insert into ai_messages_own overriding system value select * from ai_messages where session_id < 0;
	alter table signalbox.ai_messages_own enable trigger user;
	execute format('delete from %s where signalbox_session < 0', a.rel);
	set constraints all immediate;
	execute format('select coalesce(max(id), 0) from %s', a.rel) into top;
	drop view signalbox.ai_messages;
	alter table signalbox.ai_messages_own rename to ai_messages;
	perform give_back_columns(a.rel, a.had);
	perform give_back_owner(a.rel, a.had);

	delete from queue q where not exists (select from ai_messages m where m.id = q.message_id);
	delete from attempts t where not exists (select from ai_messages m where m.id = t.message_id);
	-- Costs stay, without the message: the number of a message that is no longer here will be used for another one.
	update ai_costs c set message_id = 0, session_id = null where message_id <> 0 and not exists (select from ai_messages m where m.id = c.message_id);
	update operator_log l set message_id = null where message_id is not null and not exists (select from ai_messages m where m.id = l.message_id);
	delete from idempotency_keys k where not exists (select from ai_messages m where m.uuid = k.message_id);
	delete from test_sessions where session_id > 0;
	delete from ai_sessions where id > 0;
	perform setval(pg_get_serial_sequence('signalbox.ai_messages', 'id'),
		greatest(top, (select max(id) from ai_messages), nextval(pg_get_serial_sequence('signalbox.ai_messages', 'id'))));
	alter table signalbox.ai_sessions alter column id set increment by 1 set minvalue 1 set maxvalue 9223372036854775807 set start with 1 restart with 1;
	if (a.had ->> 'owner') <> 'signalbox_owner' then
		execute format('revoke select (id, uuid) on signalbox.ai_sessions from %I', a.had ->> 'owner');
	end if;
	delete from adopted_values;
	delete from adopted;
	return a.rel::text;
end $$;
