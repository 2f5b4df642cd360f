-- Whether a request over HTTP may do what has this scope: the number of its token. Errors: those of http_enter().
create or replace function signalbox.http_may(token bytea, is_local boolean, scope text) returns int
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
begin
	return (select e.id from http_enter(token, is_local, scope) e);
end $$;
grant execute on function signalbox.http_may to signalbox_worker;
