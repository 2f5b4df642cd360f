-- Asks for a run of code on behalf of a request over HTTP, which waits for its end (http_documents.sql): its number, and
-- what is to be told of it now. refused: it is not run now, for this reason. Errors: those of http_enter() and of
-- work_exec().
create or replace function signalbox.http_exec(token bytea, is_local boolean, code text, language text, timeout_ms int)
returns table (run bigint, document jsonb, refused text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '1s' as $$ -- plans: index, no_jit
declare
	k    record;
	asks bigint;
begin
	select * into k from http_enter(token, is_local, 'execute');
	if not exists (select from workers w where w.ended_at is null and w.lease_until > clock_timestamp() and w.no_code is null) then
		refused := 'no worker runs code: see signalbox doctor';
	elsif (select count(*) from (select from work w where w.kind = 'exec' and w.state in ('queued', 'running') limit 1000) x) >= 1000 then
		refused := 'a thousand runs wait already';
	else
		asks := work_add('exec', jsonb_build_object('code', code, 'language', language, 'timeout_ms', timeout_ms), 'token ' || k.id || coalesce(' ' || nullif(k.name, ''), ''));
		run := (select (w.args ->> 'run')::bigint from work w where w.id = asks);
		perform http_await(array[-run], false);
		document := run_document(run) - 'code';
	end if;
	return next;
end $$;
grant execute on function signalbox.http_exec to signalbox_worker;
