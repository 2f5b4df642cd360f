-- Locks a session, the queue row and the message, in this order, for an operator's action, and returns the message's
-- number. SB002: no such message. SB003: it is no longer what the operator saw. (A number, not the row: the table
-- behind ai_messages may change when one is adopted.) Must be called in a statement of its own: a statement that calls
-- it and also reads the row sees the row as it was before the wait for the lock.
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
	-- A claim locks the queue row and then writes the message: the opposite order here could deadlock with it.
	perform from queue where message_id = m.id for update;
	select * into m from ai_messages where id = m.id for no key update;
	if seen_status is not null and seen_status <> m.processing_status then
		raise exception 'it is % now, no longer %', m.processing_status, seen_status using errcode = 'SB003';
	elsif seen_job is not null and seen_job is distinct from m.job_id then
		raise exception 'it was tried again meanwhile' using errcode = 'SB003';
	end if;
	return m.id;
end $$;
