-- The text of a running message that the caller does not have yet. The caller has the first `seen_bytes` bytes of the
-- attempt `seen_job`. The text of a new attempt starts again at byte 0.
create or replace function signalbox.stream_text(message uuid, seen_job uuid, seen_bytes int)
returns table (job_id uuid, at_byte int, text text)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
begin
	return query select q.job_id, p.at_byte, p.text
	from ai_messages m join queue q on q.message_id = m.id and q.state = 'running'
	cross join lateral (
		select min(s.at_byte) as at_byte, string_agg(s.text, '' order by s.at_byte) as text from message_stream s
		where s.message_id = m.id and s.job_id = q.job_id
		  and s.at_byte >= case when q.job_id = stream_text.seen_job then stream_text.seen_bytes else 0 end) p
	where m.uuid = stream_text.message and may_read(m.session_id);
end $$;
grant execute on function signalbox.stream_text to signalbox_app, signalbox_viewer;
