-- Takes over an application's own messages table. The table stays where it is, with its name, keys and foreign keys. It
-- gets the columns that the queue needs, and signalbox_owner owns it meanwhile, because the owner of a table decides
-- what runs when others write to it. signalbox.ai_messages is then a view of the table.
-- The application's sessions keep their numbers, which nobody else assigns; sessions that are made here are numbered
-- below zero, and their messages refer to no session of the application. give_back() undoes all of this.
-- What would fail later is refused now (SB003): at the end messages go through all their states in the table, and the
-- table is given back; both are undone (adopt_trial()).
-- skip_triggers: triggers that others wrote do not fire for what is written here, only for what the application writes.
create or replace function signalbox.adopt(name text, skip_triggers boolean default false) returns bigint
language plpgsql set search_path = pg_catalog, signalbox, pg_temp set timezone = 'UTC' as $$
declare
	rel      regclass := adopt_named(name);
	sessions regclass;
	number   name;
	had      jsonb;
	problems text[];
	n        bigint;
	counters jsonb;
begin
	perform pg_advisory_xact_lock(hashtext('signalbox.migrate'));
	if exists (select from adopted) then
		raise exception 'a table is adopted already: %', (select a.rel from adopted a) using errcode = 'SB003';
	elsif exists (select from queue) or exists (select from ai_messages where session_id > 0) then
		raise exception 'signalbox.ai_messages holds messages of its own; adopt before the first dispatch' using errcode = 'SB003';
	end if;
	perform adopt_lock(rel);
	select c.confrelid, a.attname into sessions, number from pg_constraint c
		join pg_attribute s on s.attrelid = rel and s.attname = 'session_id' and c.conkey = array[s.attnum]
		join pg_attribute a on a.attrelid = c.confrelid and c.confkey = array[a.attnum]
		where c.conrelid = rel and c.contype = 'f' and c.confrelid <> rel order by c.oid limit 1;
	problems := adopt_problems(rel, skip_triggers);
	if problems <> '{}' then
		raise exception '% cannot be adopted: %', rel, array_to_string(problems, '; ') using errcode = 'SB003';
	end if;

	had := jsonb_build_object('shape', adopt_shape(rel), 'sessions_shape', adopt_shape(sessions), 'number', number,
		'defs', (select jsonb_agg(to_jsonb(d)) from adopt_defs(rel) d)) || adopt_take(rel, skip_triggers);
	counters := adopt_counters(rel);
	had := had || adopt_columns(rel);
	alter table signalbox.ai_messages rename to ai_messages_own;
	perform adopted_view(rel);
	execute format('create unique index signalbox_adopted_uuid on %s (uuid)', rel);
	execute format('create index signalbox_adopted_session on %s (signalbox_session, id)', rel);
	execute format('select count(*) from %s', rel) into n;
	insert into adopted (rel, sessions, had, rows) values (rel, sessions, had, n);
	perform adopt_sessions(rel, sessions, number);
	perform attach_triggers();
	perform adopt_trial(rel, counters);
	perform adopt_counters_set(counters);
	return n;
end $$;
