-- A page of a message's text: `chars` characters of its question or its answer, from character `at` on, and the total
-- number of characters.
create or replace function signalbox.message_text(message uuid, part text, at int, chars int) returns table (total int, text text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	select length(t.content), substr(t.content, at, chars)
	from ai_messages m left join ai_messages u on u.id = m.reply_to
	cross join lateral (select case when part = 'question' then u.content when m.processing_status = 'completed' then m.content end as content) t
	where m.uuid = message and m.role = 'assistant' and may_read(m.session_id);
$$;
grant execute on function signalbox.message_text to signalbox_viewer;
