-- The columns of an application's table that are not null, have no default and are not among ours, and what is written
-- into them meanwhile (`fill`). A time column gets now(). Any other column gets the neutral value of its type
-- (adopt_neutral()), but only where some row of the application has this value already, and never in a key. `fill` is
-- null otherwise: the application must set a default.
create or replace function signalbox.adopt_fill(rel regclass) returns table (attname name, fill text)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_column
declare
	c    record;
	seen boolean;
begin
	for c in select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, t.typcategory, adopt_neutral(a.atttypid) as neutral,
	                a.attname like '%\_id' or exists (select from pg_constraint k where k.conrelid = rel and a.attnum = any (k.conkey) and k.contype in ('f', 'p', 'u'))
	                or exists (select from pg_index i where i.indrelid = rel and i.indisunique and a.attnum = any (i.indkey)) as is_key
	         from pg_attribute a join pg_type t on t.oid = a.atttypid
	         where a.attrelid = rel and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''
	           and a.attname <> 'session_id' and not exists (select from pg_attribute o where o.attrelid = 'signalbox.ai_messages'::regclass and o.attname = a.attname
	                                                         and o.attnum > 0 and not o.attisdropped)
	         order by a.attnum loop
		seen := c.neutral is not null and not c.is_key;
		if seen and c.typcategory <> 'D' then
			execute format('select exists (select from %s where %I::text = (%s::%s)::text)', rel, c.name, c.neutral, c.type) into seen;
		end if;
		attname := c.name;
		fill := case when seen then c.neutral end;
		return next;
	end loop;
end $$;
