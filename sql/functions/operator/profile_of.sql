-- What tools are told of a user in a collection, and where each value comes from: a table, 'collection_name', 'default' (nothing is known of it), 'fallback'
-- (nobody is known by this user_id), or 'none'. One query; the defaults are those of the source (seed 002).
create or replace function signalbox.profile_of(who text, collection text) returns table (field text, value text, origin text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select f.* from (select) one
	left join lateral (select * from clients o where o.user_id = who) c on true
	left join lateral (select * from mandates o where o.client_uuid = c.client_uuid and o.contact_space_id = collection order by o.id limit 1) m on true
	left join lateral (select * from mandate_erps o where o.mandate_id = m.id order by o.position limit 1) e on true
	cross join lateral (values
		('client_uuid', coalesce(c.client_uuid, 'fallback_' || left(who, 8)), case when c.user_id is not null then 'clients' when who is null then 'none' else 'fallback' end),
		('client_name', c.client_name, case when c.client_name is not null then 'clients' else 'none' end),
		('company_name', coalesce(nullif(m.contact_space_name, ''), nullif(c.client_name, ''), collection),
			case when m.contact_space_name <> '' then 'mandates' when c.client_name <> '' then 'clients' when collection is not null then 'collection_name' else 'none' end),
		('mandate_path', coalesce(m.contact_space_id, collection), case when m.id is not null then 'mandates' when collection is not null then 'collection_name' else 'none' end),
		('drive_space_parent_id', m.drive_space_parent_id, case when m.drive_space_parent_id is not null then 'mandates' else 'none' end),
		('dms_system', coalesce(e.dms_system, 'google_drive'), case when e.dms_system is not null then 'mandate_erps' else 'default' end),
		('communication_mode', coalesce(e.communication_mode, 'webhook'), case when e.communication_mode is not null then 'mandate_erps' else 'default' end),
		('log_communication_mode', coalesce(e.log_communication_mode, 'firebase'), case when e.log_communication_mode is not null then 'mandate_erps' else 'default' end),
		('bank_erp', coalesce(nullif(m.bank_erp, ''), e.bank_erp), case when m.bank_erp <> '' then 'mandates' when e.bank_erp is not null then 'mandate_erps' else 'none' end)
	) f(field, value, origin);
$$;
grant execute on function signalbox.profile_of to signalbox_operator;
