-- Creates or changes a tool; {"url": null} removes a value. key_env names an environment variable of the workers. SB004: unknown key or bad value.
create or replace function signalbox.tool_set(name text, changes jsonb, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_variable
declare
	keys constant text[] := array['kind', 'description', 'schema', 'url', 'method', 'function', 'payload', 'key_env', 'timeout', 'side_effects', 'idempotent', 'waits', 'result_bytes'];
	old  tools;
	new  tools;
	standard interval;    -- its timeout where none is set
begin
	perform known_keys('a tool', changes, keys);
	if name !~ '^[A-Za-z_][A-Za-z0-9_-]{0,63}$' then
		raise exception 'a tool''s name is a word of letters, digits, _ and -, at most 64, as models take it' using errcode = 'SB004';
	end if;
	select * into old from tools t where t.name = name for no key update;
	standard := case coalesce(changes ->> 'kind', old.kind) when 'process' then '1 h' else '30 s' end;
	if old.id is null then
		if changes ->> 'kind' is null then
			raise exception 'a new tool needs kind=http, sql, code or process' using errcode = 'SB004';
		end if;
		insert into tools (name, kind, timeout) values (name, changes ->> 'kind', standard);
	end if;
	update tools t set
		kind         = case when changes ? 'kind' then changes ->> 'kind' else t.kind end,
		description  = case when changes ? 'description' then changes ->> 'description' else t.description end,
		schema       = case when changes ? 'schema' then changes ->> 'schema' else t.schema end,
		url          = case when changes ? 'url' then changes ->> 'url' else t.url end,
		method       = case when changes ? 'method' then upper(changes ->> 'method') else t.method end,
		function     = case when changes ? 'function' then changes ->> 'function' else t.function end,
		payload      = case when changes ? 'payload' then changes ->> 'payload' else t.payload end,
		key_env      = case when changes ? 'key_env' then changes ->> 'key_env' else t.key_env end,
		timeout      = case when changes ? 'timeout' then coalesce((changes ->> 'timeout')::interval, standard) else t.timeout end,
		side_effects = case when changes ? 'side_effects' then coalesce((changes ->> 'side_effects')::boolean, true) else t.side_effects end,
		idempotent   = case when changes ? 'idempotent' then coalesce((changes ->> 'idempotent')::boolean, false) else t.idempotent end,
		waits        = case when changes ? 'waits' then coalesce((changes ->> 'waits')::boolean, true) else t.waits end,
		result_bytes = case when changes ? 'result_bytes' then coalesce((changes ->> 'result_bytes')::int, 16384) else t.result_bytes end
		where t.name = name returning t.* into new;
	perform tool_check(to_jsonb(new));
	perform log_action(actor, 'tool_set', null, null, name, to_jsonb(old), changes);
	perform pg_notify('signalbox_changed', '');
exception when check_violation or not_null_violation or invalid_text_representation or numeric_value_out_of_range or invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
	raise exception '%', sqlerrm using errcode = 'SB004';
end $$;
grant execute on function signalbox.tool_set to signalbox_admin;
