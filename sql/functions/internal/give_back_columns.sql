-- Restores the columns of an adopted table, and in them the old values, where no one has written another value
-- meanwhile.
create or replace function signalbox.give_back_columns(rel regclass, had jsonb) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp set timezone = 'UTC' as $$
declare
	c      record;
	before text[] := '{}';
	during text[] := '{}';
	after  text[] := '{}';
	place  name := (select n.nspname from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.oid = rel);
begin
	execute format('drop index %I.signalbox_adopted_uuid, %I.signalbox_adopted_session', place, place);
	for c in select jsonb_array_elements_text(had -> 'added') as name loop
		during := during || format('drop column %I', c.name);
	end loop;
	for c in select jsonb_object_keys(had -> 'filled') as name loop
		before := before || format('alter column %I drop default', c.name);
	end loop;
	for c in select * from jsonb_to_recordset(had -> 'changed') x(name text, type text, "default" text, must boolean) loop
		if c.name <> 'id' then
			before := before || format('alter column %I drop default', c.name);
		end if;
		if c.type is not null then
			during := during || format('alter column %I type %s using %I::%s', c.name, c.type, c.name, split_part(c.type, ' collate ', 1));
		end if;
		if c.name <> 'id' and c.default is not null then
			after := after || format('alter column %I set default %s', c.name, c.default);
		end if;
		if c.must then
			after := after || format('alter column %I set not null', c.name);
		end if;
	end loop;
	if (had ->> 'must')::boolean then
		after := after || text 'alter column session_id set not null';
	end if;
	if before <> '{}' then
		execute format('alter table %s %s', rel, array_to_string(before, ', '));
	end if;
	execute format('alter table %s %s', rel, array_to_string(during, ', '));
	for c in select distinct v.attname, format_type(a.atttypid, a.atttypmod) as type from adopted_values v
	         join pg_attribute a on a.attrelid = rel and a.attname = v.attname and not a.attisdropped loop
		execute format('update %s m set %I = v.value::%s from signalbox.adopted_values v where v.attname = %L and v.id = m.id
			and (v.put = ''*'' or m.%I::text is not distinct from v.put)', rel, c.attname, c.type, c.attname, c.attname);
	end loop;
	-- A column that we leave null, but that is not null in the application's table, gets a value.
	for c in select x.name, coalesce(adopt_neutral(a.atttypid), x.default) as neutral from jsonb_to_recordset(had -> 'changed') x(name text, "default" text, must boolean)
	         join pg_attribute a on a.attrelid = rel and a.attname = x.name where x.must and coalesce(adopt_neutral(a.atttypid), x.default) is not null loop
		execute format('update %s set %I = %s where %I is null', rel, c.name, c.neutral, c.name);
	end loop;
	set constraints all immediate;
	if after <> '{}' then
		execute format('alter table %s %s', rel, array_to_string(after, ', '));
	end if;
	-- PostgreSQL prints a list of varchar constants in a form that it parses as another expression; the form with this
	-- cast is parsed as the original expression.
	for c in select h.*, replace(h.def, '])::text[]', ']::character varying[])::text[]') as again
	         from jsonb_to_recordset(had -> 'defs') h(name name, kind "char", def text, schema name) join adopt_defs(rel) n on n.name = h.name and n.kind = h.kind
	         where n.def <> h.def loop
		if c.kind = 'c' then
			execute format('alter table %s drop constraint %I, add constraint %I %s', rel, c.name, c.name, c.again);
		else
			execute format('drop index %I.%I', c.schema, c.name);
			execute c.again;
		end if;
	end loop;
end $$;
