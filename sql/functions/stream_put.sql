-- Text of watched messages, in pieces; only from the holder of the current job. Answers which are still watched.
create or replace function signalbox.stream_put(messages bigint[], jobs uuid[], ats int[], texts text[]) returns table (message_id bigint)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_column
begin
	perform set_config('synchronous_commit', 'off', true);
	insert into message_stream
		select p.message, p.job, p.at, p.text from unnest(messages, jobs, ats, texts) p(message, job, at, text)
		join queue q on q.message_id = p.message and q.job_id = p.job and q.state = 'running'
		where p.text <> ''    -- nothing new was said; the question who still watches stands
		on conflict do nothing;
	return query select w.message_id from watches w where w.message_id = any (messages) and w.until > clock_timestamp();
end $$;
