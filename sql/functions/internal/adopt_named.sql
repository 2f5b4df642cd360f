-- The table that an operator named, read as SQL reads names: folded to lower case unless quoted, in the schema public
-- unless another is given. SB002: no such table.
create or replace function signalbox.adopt_named(name text) returns regclass
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	rel regclass;
begin
	begin
		rel := coalesce(to_regclass(case when cardinality(parse_ident(name)) = 1 then 'public.' || name end), to_regclass(name));
	exception when invalid_parameter_value or invalid_name or syntax_error or feature_not_supported or invalid_schema_name then
		rel := null;
	end;
	if rel is null or (select relkind not in ('r', 'p') from pg_class where oid = rel) then
		raise exception 'there is no table %; a name with capitals or dots in it stands in double quotes: public."MyMessages"', quote_literal(left(name, 200))
			using errcode = 'SB002';
	end if;
	return rel;
end $$;
