-- Gives a table our columns, with our types and defaults. Values of rows that cannot stay as they are meanwhile are
-- kept in adopted_values. The one place where rows get a status without the trigger, which is attached afterwards.
-- Returns how to undo the changes.
create or replace function signalbox.adopt_columns(rel regclass) returns jsonb
language plpgsql set search_path = pg_catalog, signalbox, pg_temp set timezone = 'UTC' as $$
declare
	c       record;
	before  text[] := '{}';     -- three ALTER statements: only the second rewrites all rows, once
	during  text[] := '{alter column signalbox_session type bigint using session_id}';
	after   text[] := '{}';
	added   text[] := '{signalbox_session}';
	changed jsonb := '[]';
	filled  jsonb := '{}';
	must    boolean := (select attnotnull from pg_attribute where attrelid = rel and attname = 'session_id' and not attisdropped);
	uuid    constant text := '^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$';
begin
	for c in select * from adopt_fill(rel) f where f.fill is not null loop
		after := after || format('alter column %I set default %s', c.attname, c.fill);
		filled := filled || jsonb_build_object(c.attname, c.fill);
	end loop;
	for c in select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as def, a.attnotnull as must,
	                format_type(o.atttypid, o.atttypmod) || case when o.attcollation <> t.typcollation then ' collate ' || o.attcollation::regcollation else '' end as had,
	                format_type(o.atttypid, o.atttypmod) as plain, t.typcategory, pg_get_expr(e.adbin, e.adrelid) as had_def, o.attnotnull as had_must,
	                -- A varchar column that a check, an index expression or predicate, or a policy uses keeps its type:
	                -- it holds text as well, and such a definition, parsed again for text, would no longer read as it
	                -- was written.
	                a.atttypid = 'text'::regtype and o.atttypid = 'varchar'::regtype and exists (
	                	select from pg_depend x left join pg_constraint k on x.classid = 'pg_constraint'::regclass and k.oid = x.objid
	                	left join pg_index i on x.classid = 'pg_class'::regclass and i.indexrelid = x.objid
	                	where x.refclassid = 'pg_class'::regclass and x.refobjid = rel and x.refobjsubid = o.attnum
	                	  and (k.contype = 'c' or i.indpred is not null or i.indexprs is not null or x.classid = 'pg_policy'::regclass)) as stays
	         from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
	         left join pg_attribute o on o.attrelid = rel and o.attname = a.attname and not o.attisdropped left join pg_type t on t.oid = o.atttypid
	         left join pg_attrdef e on e.adrelid = rel and e.adnum = o.attnum
	         where a.attrelid = 'signalbox.ai_messages'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'session_id' order by a.attnum loop
		if c.had is null then
			during := during || format('add column %I %s %s %s', c.name, c.type, 'default ' || c.def, case when c.must then 'not null' end);
			added := added || c.name::text;
			continue;
		end if;
		changed := changed || jsonb_build_object('name', c.name, 'type', case when c.plain <> c.type and not c.stays then c.had end, 'default', c.had_def, 'must', c.had_must);
		if c.plain <> c.type and not c.stays then
			if c.name = 'job_id' then
				execute format('insert into signalbox.adopted_values select id, %L, %I::text from %s where %I::text !~ %L', c.name, c.name, rel, c.name, uuid);
			end if;
			if c.typcategory <> 'S' or c.name in ('uuid', 'job_id') then
				execute format('insert into signalbox.adopted_values select id, %L, %I::text, (%I::%s)::%s::text from %s
					where %I is not null and case when %L or %I::text ~ %L then (%I::%s)::%s::text <> %I::text end',
					c.name, c.name, c.name, c.type, c.plain, rel, c.name, c.name not in ('uuid', 'job_id'), c.name, uuid, c.name, c.type, c.plain, c.name);
			end if;
			during := during || format('alter column %I type %s using %s', c.name, c.type,
				case c.name when 'job_id' then format('case when %I::text ~ %L then %I::uuid end', c.name, uuid, c.name) else format('%I::%s', c.name, c.type) end);
		end if;
		if c.name = 'id' then
			continue;
		end if;
		if c.had_def is not null then
			before := before || format('alter column %I drop default', c.name);
		end if;
		if c.had_must and not c.must then
			before := before || format('alter column %I drop not null', c.name);
		end if;
		if c.def is not null then
			after := after || format('alter column %I set default %s', c.name, c.def);
		end if;
	end loop;
	execute format('alter table %s %s', rel, array_to_string(before || text 'add column signalbox_session bigint' || case when must then text 'alter column session_id drop not null' end, ', '));
	execute format('alter table %s %s', rel, array_to_string(during, ', '));
	if after <> '{}' then
		execute format('alter table %s %s', rel, array_to_string(after, ', '));
	end if;
	-- Old rows are not in progress: an open or unknown status becomes completed. And each message gets a uuid.
	execute format($q$with old as (
			select id, processing_status as was from %s where processing_status is null
				or processing_status not in ('completed', 'failed', 'cancelled') or role is distinct from 'assistant' and processing_status <> 'completed'
		), kept as (
			insert into signalbox.adopted_values select id, 'processing_status', was, 'completed' from old
		)
		update %s m set processing_status = 'completed' from old where m.id = old.id$q$, rel, rel);
	execute format($q$with old as (
			insert into signalbox.adopted_values select id, 'uuid', null, '*' from %s where uuid is null returning id
		)
		update %s m set uuid = gen_random_uuid() from old where m.id = old.id$q$, rel, rel);
	set constraints all immediate;    -- runs the deferred checks of those rows: ALTER TABLE is refused while any are pending
	return jsonb_build_object('added', added, 'changed', changed, 'filled', filled, 'must', must);
end $$;
