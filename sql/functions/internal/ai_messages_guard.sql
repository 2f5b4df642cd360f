-- Which status a message may begin with, and which status may follow which (SB001). Runs for every writer: an
-- application, psql, or our own functions. A function for each row, not the trigger's condition: each statement parses
-- a condition from its text, 30 us for this one, where a call costs 1.5 us (docs/decisions/018-the-floor-plan.md).
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
	if (new.processing_status = old.processing_status or case old.processing_status
		when 'pending'    then new.processing_status in ('queued', 'cancelled')
		when 'queued'     then new.processing_status in ('processing', 'cancelled')
		when 'processing' then new.processing_status in ('completed', 'failed', 'queued', 'cancelled')
		-- Only signalbox.retry brings a message back: it runs as the schema's owner, a direct writer does not.
		when 'failed'     then new.processing_status = 'queued' and current_user = 'signalbox_owner'
		when 'cancelled'  then new.processing_status = 'queued' and current_user = 'signalbox_owner'
		else false end) then
		return new;
	end if;
	raise exception 'a message may not go from % to %', old.processing_status, new.processing_status
		using errcode = 'SB001', hint = 'failed and cancelled messages go back by signalbox.retry()';
end $$;
