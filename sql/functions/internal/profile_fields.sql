-- The fields of a profile, in the order in which they are shown.
create or replace function signalbox.profile_fields() returns setof text
language sql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
	select unnest(array['client_uuid', 'client_name', 'company_name', 'mandate_path', 'drive_space_parent_id', 'dms_system', 'communication_mode', 'log_communication_mode', 'bank_erp']);
$$;
