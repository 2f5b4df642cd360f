-- Stores pieces of the text of watched messages; only from the holder of the current job. Returns for each message
-- whether it is still watched, and how many bytes of its text are stored (`here`). A piece is stored from byte `here`
-- on, even where its sender begins earlier (`ats`); a piece that begins after `here` is not stored before the missing
-- bytes are.
create or replace function signalbox.stream_write(messages bigint[], jobs uuid[], ats int[], texts text[])
returns table (message_id bigint, is_watched boolean, here int)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_column
begin
	perform set_config('synchronous_commit', 'off', true);
	return query
	with piece as (
		select p.message, p.job, p.at, p.text, octet_length(p.text) as n, coalesce((
			select s.at_byte + octet_length(s.text) from message_stream s where s.message_id = p.message and s.job_id = p.job order by s.at_byte desc limit 1), 0) as here
		from unnest(messages, jobs, ats, texts) p(message, job, at, text)
		join queue q on q.message_id = any (array[p.message]) and q.job_id = p.job and coalesce(q.state = 'running', false)
	), put as (
		insert into message_stream (message_id, job_id, at_byte, text)
			select p.message, p.job, p.here, convert_from(substr(convert_to(p.text, 'UTF8'), p.here - p.at + 1), 'UTF8')
			from piece p where p.at <= p.here and p.at + p.n > p.here
		on conflict do nothing
		returning message_id, at_byte + octet_length(text) as here
	)
	select p.message, exists (select from watches w where w.message_id = p.message and w.until > clock_timestamp()), coalesce(u.here, p.here)
	from piece p left join put u on u.message_id = p.message;
end $$;
grant execute on function signalbox.stream_write to signalbox_worker;
