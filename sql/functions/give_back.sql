-- Gives an adopted table back: its old place, types and foreign keys; the columns that were added go, rows stay. Messages that still wait
-- or run would be lost with their columns, so there may be none.
create or replace function signalbox.give_back() returns text
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	a     adopted;
	place text;
	word  text;
	c     text;
	k     jsonb;
begin
	select * into a from adopted;
	if not found then
		raise exception 'no table is adopted' using errcode = 'SB002';
	elsif exists (select from queue where state <> 'failed') then
		raise exception '% messages still wait or run: let them end, or cancel them', (select count(*) from queue where state <> 'failed') using errcode = 'SB003';
	end if;
	place := split_part(a.table_name, '.', 1);
	word := split_part(a.table_name, '.', 2);
	execute format('drop view %I.%I', place, word);
	for c in select tgname from pg_trigger where tgrelid = 'signalbox.ai_messages'::regclass and tgname like 'ai\_messages\_%' and not tgisinternal loop
		execute format('drop trigger %I on signalbox.ai_messages', c);
	end loop;
	drop index signalbox.ai_messages_adopted_uuid, signalbox.ai_messages_adopted_session;
	for c in select jsonb_array_elements_text(a.added -> 'columns') loop
		execute format('alter table signalbox.ai_messages drop column %I', c);
	end loop;
	for c, k in select * from jsonb_each(a.added -> 'types') loop
		if c <> 'id' then
			execute format('alter table signalbox.ai_messages alter column %I drop default', c);
		end if;
		execute format('alter table signalbox.ai_messages alter column %I type %s using %s', c, k ->> 'type',
			case when c = 'created_at' then format('%I at time zone ''UTC''', c) else format('%I::%s', c, k ->> 'type') end);
		if k ->> 'default' is not null and c <> 'id' then
			execute format('alter table signalbox.ai_messages alter column %I set default %s', c, k ->> 'default');
		end if;
	end loop;
	execute format('alter table signalbox.ai_messages owner to %I', a.added ->> 'owner');
	revoke all on signalbox.ai_messages from signalbox_viewer, signalbox_worker;
	if word <> 'ai_messages' then
		execute format('alter table signalbox.ai_messages rename to %I', word);
	end if;
	execute format('alter table signalbox.%I set schema %I', word, place);
	for k in select * from jsonb_array_elements(a.added -> 'foreign_keys') loop
		-- Rows of sessions that were made here have no row in the application's table: the key holds for new rows.
		execute format('alter table %I.%I add constraint %I %s not valid', place, word, k ->> 'name', k ->> 'def');
	end loop;
	perform rename_owned('signalbox.ai_messages_own', 'own_', '');
	alter table signalbox.ai_messages_own rename to ai_messages;
	delete from queue;
	delete from test_sessions;
	delete from idempotency_keys;
	delete from ai_sessions;
	delete from adopted;
	return a.table_name;
end $$;
