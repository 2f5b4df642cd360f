-- An upper bound for the prompt of a message, in bytes: the conversation in the agent's window and its system prompt,
-- its tools and the rounds that were made with them, with 16 bytes for what a protocol puts around each turn. No tokenizer makes more tokens than bytes.
create or replace function signalbox.prompt_bytes(message bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: generic
begin
	return (select coalesce(octet_length(a.system_prompt), 0) + 16 * (a.context_window_size + 3) + coalesce((
		select sum(octet_length(w.content) + coalesce(octet_length(w.own_turn), 0)) from (
			select x.content, x.own_turn from ai_messages x
			where x.session_id = m.session_id and x.role in ('user', 'assistant') and x.processing_status = 'completed' and x.id < m.id
			order by x.id desc limit a.context_window_size + 1) w), 0)
		+ case when a.tools is not null then tools_bytes(a.tools, message) else 0 end
	from ai_messages m join ai_sessions s on s.id = m.session_id join agents a on a.id = s.agent_id where m.id = message);
end $$;
