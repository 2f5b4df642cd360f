-- Refuses settings of a provider that no call could work with, or that would store or show a secret, and says what to
-- write instead (SB004).
create or replace function signalbox.provider_check(changes jsonb) returns void
language plpgsql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	address text := changes ->> 'base_url';
	line    text;
	name    text;
begin
	if address ~ '#' then
		raise exception 'base_url has a fragment (#…), which is never sent' using errcode = 'SB004';
	end if;
	if address ~ '^[a-z]+://[^/]*@' then
		raise exception 'base_url has a user or a password in it, which would be stored: name the key with key_env' using errcode = 'SB004';
	end if;
	if address ~* '/(chat/completions|completions|responses|embeddings|messages|api/chat|api/generate|api/embed|[^/]*:(streamGenerateContent|generateContent|batchEmbedContents))/?([?].*)?$' then
		raise exception 'base_url is a whole endpoint: leave out what follows the version, such as /chat/completions' using errcode = 'SB004';
	end if;
	if (select count(*) > 16 or max(length(l)) > 2000 from regexp_split_to_table(changes ->> 'header', '\r?\n') l where l <> '') then
		raise exception 'header is at most 16 lines of 2000 characters' using errcode = 'SB004';
	end if;
	for line in select l from regexp_split_to_table(changes ->> 'header', '\r?\n') l where l <> '' loop
		if line !~ '^[A-Za-z0-9!#$%&''*+.^_`|~-]+:[ \t]*[^[:cntrl:]]+$' then
			raise exception 'header is "Name: value", one a line; % is not', quote_literal(left(line, 60)) using errcode = 'SB004';
		end if;
		if lower(split_part(line, ':', 1)) in ('authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie') and line !~ '\$\{?[A-Za-z_]' then
			raise exception 'a secret in the header % would be stored: name it, as in "%: $NAME"', split_part(line, ':', 1), split_part(line, ':', 1) using errcode = 'SB004';
		end if;
		if lower(split_part(line, ':', 1)) in ('host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'expect', 'accept-encoding', 'traceparent') then
			raise exception 'the header % is the worker''s own', split_part(line, ':', 1) using errcode = 'SB004';
		end if;
	end loop;
	if (changes ->> 'query') !~ '^[?&]?[^[:space:][:cntrl:]#]*$' then
		raise exception 'query is name=value&name=value, without blanks' using errcode = 'SB004';
	end if;
	if length(changes ->> 'query') > 1000 or length(address) > 1000 then
		raise exception 'query and base_url are at most 1000 characters each' using errcode = 'SB004';
	end if;
	if concat_ws('&', changes ->> 'query', split_part(address, '?', 2)) ~* '(^|[?&])(key|api[_-]?key|token|access[_-]?token|secret|sig|signature)=[^$]' then
		raise exception 'a secret in a query would be stored: name it, as in "key=$NAME"' using errcode = 'SB004';
	end if;
	for name in select * from provider_secrets(changes ->> 'key_env', changes ->> 'header', changes ->> 'query') loop
		if name ~ '^(SIGNALBOX_|PG)' then
			raise exception '% is a setting of the worker itself and is not given to providers: name another variable', name using errcode = 'SB004';
		end if;
	end loop;
end $$;
