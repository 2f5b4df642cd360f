-- stream_text() for many messages at once: of each that runs, the number of its attempt and the text from about byte
-- ats[i] on if that is attempt numbers[i], else from its begin. The text begins at at_byte, which may be before it. In
-- the order of the arguments. tools: see tool_states().
create or replace function signalbox.http_texts(messages bigint[], numbers int[], ats int[])
returns table (message_id bigint, number int, at_byte int, text text, tools text)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
begin
	return query select q.message_id, q.runs, p.at_byte, p.text, tool_states(q.message_id)
	from unnest(messages, numbers, ats) with ordinality w(message, number, at, nth)
	cross join lateral (select o.message_id, o.job_id, o.runs from queue o where o.message_id = w.message and o.state = 'running' offset 0) q
	cross join lateral (
		select min(s.at_byte) as at_byte, string_agg(s.text, '' order by s.at_byte) as text from message_stream s
		where s.message_id = q.message_id and s.job_id = q.job_id and s.at_byte + octet_length(s.text) > case when q.runs = w.number then w.at else 0 end) p
	order by w.nth;
end $$;
grant execute on function signalbox.http_texts to signalbox_worker;
