-- An upper bound for what an agent's tools add to the prompt of a message, in bytes: what the model is told of them, and the rounds in the journal.
create or replace function signalbox.tools_bytes(tools text, message bigint) returns bigint
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select coalesce((select sum(coalesce(octet_length(t.schema), 0) + coalesce(octet_length(t.description), 0) + octet_length(t.name) + 100) from agent_tools(tools_bytes.tools) w(name) join tools t on t.name = w.name), 0)
		+ coalesce((select sum(coalesce(octet_length(r.said), 0) + coalesce(octet_length(r.own_turn), 0) + 100) from tool_rounds r where r.message_id = message and r.round > 0), 0)
		+ coalesce((select sum(octet_length(c.arguments) + least(coalesce(octet_length(c.result), 0), coalesce(t.result_bytes, 16384)) + 1000)
			from tool_calls c left join tools t on t.id = c.tool_id where c.message_id = message and c.round > 0), 0);
$$;
