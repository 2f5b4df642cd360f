-- -> place text, may_write bool, is_standby bool
select current_database() || '@' || coalesce(host(inet_server_addr()), 'local') as place,
	has_function_privilege('signalbox.retry_hold(uuid,text,uuid,text,interval)', 'execute') as may_write, pg_is_in_recovery() as is_standby
