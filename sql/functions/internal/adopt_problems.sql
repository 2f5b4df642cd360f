-- Why a table cannot be adopted, as far as this can be seen without a trial, each with its remedy; empty: no problem is
-- seen.
create or replace function signalbox.adopt_problems(rel regclass, skip_triggers boolean) returns text[]
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	c    pg_class;
	p    text[] := '{}';
	x    record;
	n    bigint;
	uuid constant text := '^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$';
begin
	perform adopt_lock(rel);
	select * into c from pg_class where oid = rel;
	if c.relkind <> 'r' or c.relpersistence <> 'p' or exists (select from pg_inherits where inhrelid = rel or inhparent = rel) then
		return array[format('%s is partitioned, inherited, temporary or unlogged: only a plain table can be adopted', rel)];
	elsif c.relnamespace in ('signalbox'::regnamespace, 'pg_catalog'::regnamespace) or exists (select from adopted a where c.oid = a.sessions) then
		return array[format('%s is no table of an application', rel)];
	elsif not pg_has_role(c.relowner, 'usage') then
		return array[format('%s belongs to %I: migrate as a member of that role', rel, pg_get_userbyid(c.relowner))];
	end if;
	select string_agg(w, ', ') into x from unnest(array['id', 'session_id', 'role', 'content']) w
		where not exists (select from pg_attribute where attrelid = rel and attname = w and not attisdropped);
	if x.string_agg is not null then
		return array[format('%s has no column %s', rel, x.string_agg)];
	end if;
	for x in select * from adopt_foreign(rel) f where f.trigger is null or not skip_triggers loop
		p := p || case when x.trigger is null then format('%s, which its owner may change: what it does would run as ours', x.what)
			else format('%s, which its owner may change: it would run as ours; drop it, or --skip-triggers: it then fires for what the application writes only', x.what) end;
	end loop;
	if p <> '{}' then
		return p;    -- the rows are not read: to read them could run the code of others
	end if;
	if exists (select from pg_attribute where attrelid = rel and attname = 'signalbox_session' and not attisdropped) then
		p := p || text 'its column signalbox_session: rename it';
	end if;
	for x in select a.attname, t.typtype, t.typcategory, format_type(a.atttypid, a.atttypmod) as type, a.atttypmod, a.atttypid, a.attgenerated, o.atttypid as ours,
	                (select typcategory from pg_type where oid = o.atttypid) as kind, a.attnotnull and not o.attnotnull and adopt_neutral(a.atttypid) is null as must
	         from pg_attribute a join pg_type t on t.oid = a.atttypid
	         join pg_attribute o on o.attrelid = 'signalbox.ai_messages'::regclass and o.attname = a.attname and o.attnum > 0 and not o.attisdropped
	         where a.attrelid = rel and a.attnum > 0 and not a.attisdropped order by a.attnum loop
		if x.attname in ('id', 'session_id') and x.atttypid not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then
			p := p || format('%I is %s: messages and sessions are numbered by integers here', x.attname, x.type);
		elsif x.attgenerated <> '' or x.typcategory = 'E' and x.kind = 'S' then
			p := p || format('%I is %s: alter table %s alter column %I type text', x.attname, case when x.attgenerated = '' then x.type else 'generated' end, rel, x.attname);
		elsif x.attname = 'content' and x.atttypmod > 0 then
			p := p || format('an answer may be longer than %s: alter table %s alter column content type text', x.type, rel);
		elsif x.must then
			p := p || format('what is written here leaves %I open: alter table %s alter column %I drop not null', x.attname, rel, x.attname);
		elsif x.atttypid <> x.ours and x.typcategory <> x.kind and not (x.ours = 'uuid'::regtype and x.typcategory = 'S')
			and not (x.ours = 'jsonb'::regtype and x.atttypid = 'json'::regtype) then
			p := p || format('%I is %s, and what is written there is %s: alter table %s rename column %I to …', x.attname, x.type, x.ours::regtype, rel, x.attname);
		end if;
	end loop;
	for x in select f.attname, coalesce(adopt_neutral(a.atttypid), '…') as neutral from adopt_fill(rel) f join pg_attribute a on a.attrelid = rel and a.attname = f.attname where f.fill is null loop
		p := p || format('%I must hold something, and none of its rows says what where the application does not: alter table %s alter column %I set default %s (or what is right)',
			x.attname, rel, x.attname, x.neutral);
	end loop;
	if skip_triggers then
		for x in select t.tgname from adopt_foreign(rel) f join pg_trigger t on t.oid = f.trigger
		         where cardinality(regexp_split_to_array(pg_get_triggerdef(t.oid), ' EXECUTE FUNCTION ')) <> 2
		            or cardinality(regexp_split_to_array(pg_get_triggerdef(t.oid), ' WHEN \(')) > 2 loop
			p := p || format('trigger %I has too odd a definition: drop it', x.tgname);
		end loop;
	end if;
	-- A timestamp without time zone is written in the zone of the writing session. Our sessions may be in any zone, so
	-- the sessions of the application must be in UTC. Their zone: set for the table's owner, else for the database,
	-- else the server.
	select coalesce((select split_part(w, '=', 2) from pg_db_role_setting s cross join unnest(s.setconfig) w
	                 where w ilike 'timezone=%' and s.setrole in (c.relowner, 0) and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
	                 order by s.setrole <> 0 desc, s.setdatabase <> 0 desc limit 1), (select reset_val from pg_settings where name = 'TimeZone')) as zone into x;
	if (timestamptz '2024-01-01 00:00Z' at time zone x.zone, timestamptz '2024-07-01 00:00Z' at time zone x.zone) <> (timestamp '2024-01-01 00:00', timestamp '2024-07-01 00:00')
		and exists (select from pg_attribute where attrelid = rel and atttypid = 'timestamp'::regtype and not attisdropped
		            and attname in ('created_at', 'queued_at', 'processing_started_at', 'processing_completed_at')) then
		p := p || format('it has times without a zone, and the sessions of %I are in %s: alter role %I in database %I set timezone = ''UTC'', if UTC is what it writes',
			pg_get_userbyid(c.relowner), x.zone, pg_get_userbyid(c.relowner), current_database());
	end if;
	if exists (select from pg_rewrite where ev_class = rel) then
		p := p || text 'it has rules: drop them';
	end if;
	if c.relrowsecurity and not c.relforcerowsecurity and exists (select from pg_policy where polrelid = rel and not polpermissive) then
		p := p || format('its restrictive policies would hold for %I too, who will not own it: alter table %s force row level security', pg_get_userbyid(c.relowner), rel);
	end if;
	execute format('select count(*) from (select id from %s group by id having count(*) > 1 or id is null) d', rel) into n;
	if n > 0 then
		p := p || format('%s values of id are null or there more than once: number those rows anew', n);
	end if;
	execute format('select coalesce(bool_or(role::text in (''user'', ''assistant'')), true)::int from %s', rel) into n;
	if n = 0 then
		p := p || text 'no row has the role user or assistant: those are the words that are written and read here';
	end if;
	if exists (select from pg_attribute where attrelid = rel and attname = 'uuid' and not attisdropped) then
		execute format('select count(*) from (select from %s where uuid is not null group by lower(uuid::text) having count(*) > 1 or lower(uuid::text) !~ %L) d', rel, uuid) into n;
		if n > 0 then
			p := p || format('%s values of uuid are no uuid, or there more than once', n);
		end if;
	end if;
	return p;
end $$;
