-- -> version text, connections int8, max_connections int4, lag float8, oldest float8
select split_part(current_setting('server_version'), ' ', 1) as version, (select count(*) from pg_stat_activity where usename is not null and datname is not null and coalesce(backend_type, 'client backend') = 'client backend') as connections,
	current_setting('max_connections')::int4 as max_connections,
	(select extract(epoch from max(replay_lag))::float8 from pg_stat_replication) as lag,
	(select extract(epoch from max(now() - xact_start))::float8 from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend') as oldest
