-- Whether each statement of this transaction sees what was committed before the statement. (No search_path setting, so
-- that it is inlined.)
create or replace function signalbox.sees_all() returns boolean
language sql stable as $$
	select pg_catalog.current_setting('transaction_isolation') in ('read committed', 'read uncommitted');
$$;
