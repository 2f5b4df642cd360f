-- Refuses what a message may not become, for everybody, whatever writes the row: an application, psql, or our own functions. What may follow what is said by
-- the update trigger's condition (attach_triggers.sql), so that this is called only for what is not; what a message may begin as is said here, because
-- dispatch() inserts single rows, and a condition is read anew by each statement: 11 us, this 2.5.
create or replace function signalbox.ai_messages_guard() returns trigger
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if tg_op = 'INSERT' then
		if (case new.role when 'assistant' then new.processing_status in ('pending', 'queued') else new.processing_status = 'completed' end) then
			return new;
		end if;
		raise exception 'a % row may not be inserted as %', new.role, new.processing_status using errcode = 'SB001';
	elsif new.role <> old.role then
		raise exception 'the role of a message may not change' using errcode = 'SB001';
	end if;
	raise exception 'a message may not go from % to %', old.processing_status, new.processing_status
		using errcode = 'SB001', hint = 'failed and cancelled messages go back by signalbox.retry()';
end $$;
