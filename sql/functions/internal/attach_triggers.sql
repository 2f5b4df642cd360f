-- Creates the triggers of ai_messages on the table that stands behind this name: our own table, or an adopted one.
create or replace function signalbox.attach_triggers() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	rel regclass;
	had jsonb;
	x   jsonb;
begin
	if exists (select from pg_attribute where attrelid = to_regclass('signalbox.adopted') and attname = 'had') then
		select a.rel, a.had into rel, had from adopted a;
	end if;
	rel := coalesce(rel, 'signalbox.ai_messages'::regclass);
	execute format($t$create or replace trigger ai_messages_guard_insert before insert on %s
		for each row execute function signalbox.ai_messages_guard()$t$, rel);
	-- What is always legal; the guard is called for anything else.
	execute format($t$create or replace trigger ai_messages_guard_update before update of processing_status, role on %s
		for each row when (new.role <> old.role or coalesce(new.processing_status <> old.processing_status
			and old.processing_status || '>' || new.processing_status <> all ('{pending>queued,pending>cancelled,queued>processing,queued>cancelled,processing>completed,'
				'processing>failed,processing>queued,processing>cancelled}'), true))
		execute function signalbox.ai_messages_guard()$t$, rel);
	execute format($t$create or replace trigger ai_messages_direct_insert after insert %s on %s
		for each row when (current_user <> 'signalbox_owner') execute function signalbox.ai_messages_direct(%s)$t$,
		case when had is null then 'or delete' end, rel, case when had is not null then '''adopted''' end);
	execute format($t$create or replace trigger ai_messages_direct_update after update of processing_status on %s
		for each row when (old.processing_status is distinct from new.processing_status and current_user <> 'signalbox_owner')
		execute function signalbox.ai_messages_direct(%s)$t$, rel, case when had is not null then '''adopted''' end);
	if had is null then
		return;
	end if;
	-- A row that a foreign key of the application deletes is deleted as the table's owner, which is us: so the trigger
	-- fires for every delete.
	execute format($t$create or replace trigger ai_messages_direct_delete after delete on %s
		for each row execute function signalbox.ai_messages_direct('adopted')$t$, rel);
	execute format($t$create or replace trigger ai_messages_adopted before insert or update of session_id, signalbox_session on %s
		for each row execute function signalbox.ai_messages_adopted(%L)$t$, rel, case when (had ->> 'must')::boolean then 'must' end);
	for x in select * from jsonb_array_elements(had -> 'triggers') loop
		if not exists (select from pg_trigger where tgrelid = rel and tgname = x ->> 'name') then
			perform adopt_trigger(rel, x, true);
		end if;
	end loop;
end $$;
