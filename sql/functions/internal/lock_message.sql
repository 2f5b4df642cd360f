-- Locks a message and its session, as every operator's action needs it, and answers its number; refuses when it is no longer what the
-- operator saw. (A number, not the row: the table behind ai_messages may change when one is adopted.) Called in a statement of its own: one
-- that calls it and reads the row sees the row as it was before the lock was waited for.
create or replace function signalbox.lock_message(message uuid, seen_job uuid, seen_status text) returns bigint
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	m ai_messages;
begin
	select * into m from ai_messages where uuid = message and role = 'assistant';
	if not found then
		raise exception 'no message %', message using errcode = 'SB002';
	end if;
	perform from ai_sessions where id = m.session_id for no key update;
	-- The claim holds a place in the queue and then writes the message: the other way round the two would wait for each other.
	perform from queue where message_id = m.id for update;
	select * into m from ai_messages where id = m.id for no key update;
	if seen_status is not null and seen_status <> m.processing_status then
		raise exception 'it is % now, no longer %', m.processing_status, seen_status using errcode = 'SB003';
	elsif seen_job is not null and seen_job is distinct from m.job_id then
		raise exception 'it was tried again meanwhile' using errcode = 'SB003';
	end if;
	return m.id;
end $$;
