-- -> key uuid, is_worker bool, login text
select gen_random_uuid() as key, case when to_regrole('signalbox_worker') is null then false else pg_has_role(to_regrole('signalbox_worker'), 'usage') end as is_worker,
	current_user::text as login
