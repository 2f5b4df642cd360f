-- -> ok bool, detail text
select current_setting('server_version_num')::int >= 150000 as ok, 'PostgreSQL ' || current_setting('server_version')
	|| case when pg_is_in_recovery() then ' (standby)' else '' end as detail
