-- Does each statement of this transaction see what was committed before it? (Without a search_path of its own: it is inlined.)
create or replace function signalbox.sees_all() returns boolean
language sql stable as $$
	select pg_catalog.current_setting('transaction_isolation') in ('read committed', 'read uncommitted');
$$;
