-- Refuses (SB004) changes of keys that a thing does not have. what: "an agent".
create or replace function signalbox.known_keys(what text, changes jsonb, keys text[]) returns void
language plpgsql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	k text := (select x from jsonb_object_keys(changes) x where not x = any (keys) limit 1);
begin
	if k is not null then
		raise exception '% has no %; it has: %', what, quote_literal(left(k, 80)), array_to_string(keys, ' ') using errcode = 'SB004';
	end if;
end $$;
