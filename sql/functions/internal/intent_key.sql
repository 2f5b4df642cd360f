-- The key of a stored classification: the text, everything else that the result depended on, and the provider and model
-- that gave it.
create or replace function signalbox.intent_key(spec jsonb, content text) returns bytea
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select sha256(convert_to(intent_normal(content), 'UTF8') || '\x00'::bytea || decode(spec ->> 'version', 'hex')
		|| convert_to((spec #>> '{route,provider}') || ':' || (spec #>> '{route,model}'), 'UTF8'));
$$;
