-- Translates a filter, as the console and --filter write it, into a condition over the columns of a page. Fields and
-- operators come from the fixed list below; values are inserted only as quoted literals. SB004: no such field.
-- filter: [{"field":"agent","op":"=","not":false,"values":["sales","support"]}, …], all terms must hold. The operator
-- `is` compares with a value that was read before: exactly equal, null included.
create or replace function signalbox.filter_where(filter jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, signalbox, pg_temp set standard_conforming_strings = on as $$
declare
	term  jsonb;
	parts text[] := '{}';
	one   text;
	v     text;
	col   text;
begin
	for term in select * from jsonb_array_elements(coalesce(filter, '[]')) loop
		col := case term ->> 'field'
			when 'agent' then 'agent' when 'state' then 'state' when 'cause' then 'cause' when 'prov' then 'provider'
			when 'model' then 'model' when 'worker' then 'worker' when 'session' then 'session_id::text' when 'id' then 'id::text'
			when 'text' then 'text' when 'age' then 'extract(epoch from clock_timestamp() - since)' when 'att' then 'retry_count + 1' end;
		if col is null then
			raise exception 'no filter is called %', quote_literal(term ->> 'field') using errcode = 'SB004';
		end if;
		one := '';
		for v in select * from jsonb_array_elements_text(term -> 'values') loop
			one := one || case when one = '' then '' else ' or ' end || case
				when term ->> 'op' = 'is' then format('%s is not distinct from %L', col, v)
				when term ->> 'op' in ('<', '>') then format('%s %s %L::numeric', col, term ->> 'op', v)
				when col = 'text' then format('text ilike %L', '%' || replace(replace(replace(v, '\', '\\'), '%', '\%'), '_', '\_') || '%')
				when col in ('session_id::text', 'worker', 'model') then format('starts_with(lower(%s), lower(%L))', col, v)
				else format('lower(%s) = lower(%L)', col, v) end;
		end loop;
		parts := parts || format('%s coalesce((%s), false)', case when (term ->> 'not')::boolean then 'not' else '' end, nullif(one, ''));
	end loop;
	return coalesce(array_to_string(parts, ' and '), '');
end $$;
