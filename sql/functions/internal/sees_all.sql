-- Does each statement of this transaction see what was committed before it?
create or replace function signalbox.sees_all() returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
	select current_setting('transaction_isolation') in ('read committed', 'read uncommitted');
$$;
