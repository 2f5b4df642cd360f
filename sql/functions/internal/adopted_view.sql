-- Creates signalbox.ai_messages as a view of an adopted table: our columns in our order, without the table's other
-- columns.
create or replace function signalbox.adopted_view(rel regclass) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	columns text := (select string_agg(case a.attname when 'session_id' then 'signalbox_session as session_id' else quote_ident(a.attname) end, ', ' order by a.attnum)
	                 from pg_attribute a where a.attrelid = 'signalbox.ai_messages_own'::regclass and a.attnum > 0 and not a.attisdropped);
begin
	execute format('create view signalbox.ai_messages as select %s from %s', columns, rel);
	alter view signalbox.ai_messages owner to signalbox_owner;
	grant select on signalbox.ai_messages to signalbox_viewer;
	grant select (id, uuid, session_id, role, content, processing_status, queued_at, processing_started_at, reply_to) on signalbox.ai_messages to signalbox_worker;    -- as zz_grants.sql
end $$;
