-- The triggers of ai_messages, on whichever table stands there: our own, or one that was adopted.
create or replace function signalbox.attach_triggers() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	create or replace trigger ai_messages_guard_insert before insert on signalbox.ai_messages
		for each row execute function signalbox.ai_messages_guard();
	-- The common, legal steps are known here already: a condition costs a twentieth of a call.
	create or replace trigger ai_messages_guard_update before update of processing_status, role on signalbox.ai_messages
		for each row when (old.role is distinct from new.role
			or old.processing_status is distinct from new.processing_status
			   and not (old.processing_status = 'queued' and new.processing_status = 'processing'
			            or old.processing_status = 'processing' and new.processing_status = 'completed'))
		execute function signalbox.ai_messages_guard();
	create or replace trigger ai_messages_direct_insert after insert or delete on signalbox.ai_messages
		for each row when (current_user <> 'signalbox_owner') execute function signalbox.ai_messages_direct();
	create or replace trigger ai_messages_direct_update after update of processing_status on signalbox.ai_messages
		for each row when (old.processing_status is distinct from new.processing_status and current_user <> 'signalbox_owner')
		execute function signalbox.ai_messages_direct();
end $$;
