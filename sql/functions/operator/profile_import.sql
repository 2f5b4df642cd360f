-- Takes over profiles: {"clients": [{"user_id", "client_uuid", "client_name", "created_at", "mandates": [{"contact_space_id", "contact_space_name",
-- "drive_space_parent_id", "bank_erp", "erps": [{"dms_system", "communication_mode", "log_communication_mode", "bank_erp", "position"}]}]}]}. A client that is there
-- is replaced with all its mandates; others stay. All of it or nothing. SB004: not this form.
create or replace function signalbox.profile_import(doc jsonb, actor text) returns table (clients bigint, mandates bigint, erps bigint)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_column
declare
	c record;
	m record;
	made bigint;
begin
	if jsonb_typeof(doc -> 'clients') is distinct from 'array' then
		raise exception 'profiles are {"clients": [...]}' using errcode = 'SB004';
	end if;
	clients := 0; mandates := 0; erps := 0;
	for c in select x.*, e.value from jsonb_array_elements(doc -> 'clients') e(value)
			cross join lateral jsonb_to_record(e.value) x(user_id text, client_uuid text, client_name text, created_at timestamptz, mandates jsonb) loop
		if coalesce(c.user_id, '') = '' or coalesce(c.client_uuid, '') = '' then
			raise exception 'client %: user_id and client_uuid are needed', clients + 1 using errcode = 'SB004';
		end if;
		delete from clients o where o.user_id = c.user_id;
		insert into clients (user_id, client_uuid, client_name, created_at) values (c.user_id, c.client_uuid, c.client_name, coalesce(c.created_at, clock_timestamp()));
		clients := clients + 1;
		for m in select x.* from jsonb_array_elements(case when jsonb_typeof(c.mandates) = 'array' then c.mandates else '[]' end) e(value)
				cross join lateral jsonb_to_record(e.value) x(contact_space_id text, contact_space_name text, drive_space_parent_id text, bank_erp text, erps jsonb) loop
			insert into mandates as o (client_uuid, contact_space_id, contact_space_name, drive_space_parent_id, bank_erp)
				values (c.client_uuid, m.contact_space_id, m.contact_space_name, m.drive_space_parent_id, m.bank_erp) returning o.id into made;
			mandates := mandates + 1;
			insert into mandate_erps (mandate_id, position, dms_system, communication_mode, log_communication_mode, bank_erp)
				select made, coalesce(x.position, e.n - 1), x.dms_system, x.communication_mode, x.log_communication_mode, x.bank_erp
				from jsonb_array_elements(case when jsonb_typeof(m.erps) = 'array' then m.erps else '[]' end) with ordinality e(value, n)
				cross join lateral jsonb_to_record(e.value) x(position int, dms_system text, communication_mode text, log_communication_mode text, bank_erp text);
			get diagnostics made = row_count;
			erps := erps + made;
		end loop;
	end loop;
	perform log_action(actor, 'profile_import', null, null, null, null, jsonb_build_object('clients', clients, 'mandates', mandates, 'erps', erps));
	return next;
exception when not_null_violation or unique_violation or invalid_text_representation or invalid_datetime_format or datetime_field_overflow or numeric_value_out_of_range then
	raise exception '%', sqlerrm using errcode = 'SB004';
end $$;
grant execute on function signalbox.profile_import to signalbox_admin;
