-- Takes over an application's own messages table: it moves into this schema with the columns the queue needs, its rows completed, and a view
-- stays in its old place so that the application goes on reading and writing. give_back() undoes it. The one place where rows get a
-- status without the trigger: it is attached afterwards.
create or replace function signalbox.adopt(name text) returns bigint
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	rel    regclass := to_regclass(name);
	place  text;
	own    oid := 'signalbox.ai_messages'::regclass;
	col    record;
	added  text[] := '{}';
	types  jsonb := '{}';
	fks    jsonb;
	had    name := null;
	n      bigint;
begin
	if rel is null or (select relkind <> 'r' from pg_class where oid = rel) then
		raise exception 'there is no table %', quote_literal(name) using errcode = 'SB002';
	elsif exists (select from adopted) then
		raise exception 'a table is adopted already: %', (select table_name from adopted) using errcode = 'SB003';
	elsif exists (select from ai_messages) then
		raise exception 'signalbox.ai_messages holds messages of its own; adopt before the first dispatch' using errcode = 'SB003';
	end if;
	select array_agg(c order by c) into added from unnest(array['id', 'session_id', 'role', 'content', 'created_at']) c
		where not exists (select from pg_attribute where attrelid = rel and attname = c and not attisdropped);
	if added is not null then
		raise exception '% has no column %', rel, array_to_string(added, ', ') using errcode = 'SB004';
	end if;
	added := '{}';
	select nspname into place from pg_class c join pg_namespace s on s.oid = c.relnamespace where c.oid = rel;
	select pg_get_userbyid(relowner) into had from pg_class where oid = rel;

	-- The sessions' table is ours from now on; foreign keys of the old one are kept as text for the way back.
	select coalesce(jsonb_agg(jsonb_build_object('name', conname, 'def', pg_get_constraintdef(oid))), '[]') into fks
		from pg_constraint where conrelid = rel and contype = 'f';
	for col in select conname from pg_constraint where conrelid = rel and contype = 'f' loop
		execute format('alter table %s drop constraint %I', rel, col.conname);
	end loop;
	for col in select a.attname, format_type(a.atttypid, a.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as def, a.attnotnull,
	                  o.atttypid as had_type, format_type(o.atttypid, o.atttypmod) as had, pg_get_expr(e.adbin, e.adrelid) as had_def
	           from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
	           left join pg_attribute o on o.attrelid = rel and o.attname = a.attname and not o.attisdropped
	           left join pg_attrdef e on e.adrelid = rel and e.adnum = o.attnum
	           where a.attrelid = own and a.attnum > 0 and not a.attisdropped order by a.attnum loop
		if col.had is null then
			execute format('alter table %s add column %I %s %s %s', rel, col.attname, col.type,
				case when col.def is not null then 'default ' || col.def end, case when col.attnotnull then 'not null' end);
			added := added || col.attname::text;
		elsif col.had <> col.type and col.attname in ('uuid', 'created_at', 'id', 'session_id') then
			types := types || jsonb_build_object(col.attname, jsonb_build_object('type', col.had, 'default', col.had_def));
			execute format('alter table %s %s alter column %I type %s using %s', rel,
				case when col.had_def is not null and col.attname <> 'id' then format('alter column %I drop default,', col.attname) else '' end, col.attname, col.type,
				case when col.attname = 'created_at' then format('%I at time zone ''UTC''', col.attname) else format('%I::%s', col.attname, col.type) end);
			if col.def is not null and col.attname <> 'id' then
				execute format('alter table %s alter column %I set default %s', rel, col.attname, col.def);
			end if;
		end if;
	end loop;
	execute format('update %s set content = '''' where content is null', rel);
	execute format('insert into signalbox.ai_sessions (id, message_count) overriding system value
		select session_id, count(*) from %s where session_id is not null group by 1 on conflict do nothing', rel);
	perform setval(pg_get_serial_sequence('signalbox.ai_sessions', 'id'), greatest((select max(id) from ai_sessions), 1));

	alter table signalbox.ai_messages rename to ai_messages_own;
	-- The names of its indexes and its sequence are the application's to use now.
	perform rename_owned('signalbox.ai_messages_own', '', 'own_');
	execute format('alter table %s set schema signalbox', rel);
	if (select relname from pg_class where oid = rel) <> 'ai_messages' then
		execute format('alter table signalbox.%I rename to ai_messages', (select relname from pg_class where oid = rel));
	end if;
	execute format('create view %I.%I as select * from signalbox.ai_messages', place, split_part(name, '.', -1));
	execute format('alter view %I.%I owner to %I', place, split_part(name, '.', -1), had);
	execute format('grant select, insert, update, delete on signalbox.ai_messages to %I', had);
	alter table signalbox.ai_messages owner to signalbox_owner;
	execute format('grant select, insert, update, delete on signalbox.ai_messages to %I', had);
	execute format('grant usage on schema signalbox to %I', had);
	execute format('grant usage on all sequences in schema signalbox to %I', had);
	grant select on signalbox.ai_messages to signalbox_viewer;
	grant select (id, uuid, session_id, role, content, processing_status, queued_at, processing_started_at, reply_to) on signalbox.ai_messages to signalbox_worker;    -- as zz_grants.sql
	create unique index ai_messages_adopted_uuid on signalbox.ai_messages (uuid);
	create index ai_messages_adopted_session on signalbox.ai_messages (session_id, id);
	select count(*) into n from ai_messages;
	insert into adopted values (place || '.' || split_part(name, '.', -1), jsonb_build_object('columns', added, 'types', types, 'foreign_keys', fks, 'owner', had), n);
	perform attach_triggers();
	return n;
end $$;
