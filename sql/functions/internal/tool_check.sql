-- Refuses (SB004) values of a tool that cannot be right. tool: its row.
create or replace function signalbox.tool_check(tool jsonb) returns void
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t      record;
	fields constant text[] := array['user_id', 'collection_name', 'thread_key', 'session_id', 'message_id', 'agent'] || array(select profile_fields());
	word   text;
	names  text[];    -- what the schema asks the model for
begin
	select * into t from jsonb_to_record(tool) x(kind text, schema text, url text, function text, payload text, key_env text, timeout interval);
	if t.kind in ('http', 'process') and coalesce(t.url, '') !~ '^https?://[^/@\s]+(/\S*)?$' then
		raise exception 'a tool of the kind http or process needs url=http://… or https://…, without a user in it' using errcode = 'SB004';
	elsif t.kind = 'sql' and tool_function(t.function) is null then
		raise exception 'a tool of the kind sql needs function=SCHEMA.NAME, a function (arguments jsonb, context jsonb) of the application that returns jsonb, json or text; % is none',
			coalesce(quote_literal(left(t.function, 80)), 'none given') using errcode = 'SB004';
	elsif t.kind <> 'process' and t.timeout > '5 min' then
		raise exception 'a call takes at most 5min; longer is kind=process' using errcode = 'SB004';
	elsif t.key_env !~ '^[A-Za-z_][A-Za-z0-9_]{0,99}$' then
		raise exception 'key_env names an environment variable of the workers, and is not the key itself' using errcode = 'SB004';
	end if;
	begin
		if json_typeof(t.schema::json) <> 'object' then
			raise exception 'schema is a JSON Schema of an object with the arguments' using errcode = 'SB004';
		end if;
		names := case when json_typeof(t.schema::json -> 'properties') = 'object' then array(select json_object_keys(t.schema::json -> 'properties')) end;
	exception when invalid_text_representation then
		raise exception 'schema is a JSON Schema of an object with the arguments' using errcode = 'SB004';
	end;
	-- Who the user is, is bound at dispatch, and never asked of a model.
	select x into word from unnest(names) x where replace(replace(lower(x), '_', ''), '-', '') in ('userid', 'collectionname', 'threadkey') limit 1;
	if found then
		raise exception 'schema asks the model for %, which is bound to each call: name it in payload', quote_literal(left(word, 40)) using errcode = 'SB004';
	end if;
	for word in select w.x from agent_tools(t.payload) w(x) loop
		if word !~ '^[A-Za-z_][A-Za-z0-9_]*(=[a-z_]+)?$' or not coalesce(nullif(split_part(word, '=', 2), ''), word) = any (fields) then
			raise exception 'payload is NAME or NAME=FIELD, of the fields %; % is neither', array_to_string(fields, ' '), quote_literal(left(word, 80)) using errcode = 'SB004';
		end if;
	end loop;
	select x into word from unnest(names) x
		where exists (select from agent_tools(t.payload) w(y) where lower(split_part(w.y, '=', 1)) = lower(x)) limit 1;
	if found then
		raise exception 'schema asks the model for %, and payload sends it', quote_literal(left(word, 40)) using errcode = 'SB004';
	end if;
end $$;
