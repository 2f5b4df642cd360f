-- Which status a message may begin with, and which changes of its status are refused (SB001). Runs for every writer: an
-- application, psql, or our own functions. Not called for the changes that are always legal: the condition of the
-- trigger names them (attach_triggers.sql).
create or replace function signalbox.ai_messages_guard() returns trigger
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if tg_op = 'INSERT' then
		if (case new.role when 'assistant' then new.processing_status in ('pending', 'queued')
		                 else new.processing_status = 'completed' end) then
			return new;
		end if;
		raise exception 'a % row may not be inserted as %', new.role, new.processing_status using errcode = 'SB001';
	end if;
	if new.role <> old.role then
		raise exception 'the role of a message may not change' using errcode = 'SB001';
	end if;
	-- Only signalbox.retry brings a message back: it runs as the schema's owner, a direct writer does not.
	if old.processing_status in ('failed', 'cancelled') and new.processing_status = 'queued' and current_user = 'signalbox_owner' then
		return new;
	end if;
	raise exception 'a message may not go from % to %', old.processing_status, new.processing_status
		using errcode = 'SB001', hint = 'failed and cancelled messages go back by signalbox.retry()';
end $$;
