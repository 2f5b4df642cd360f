-- Asks for a run of code on behalf of a request over HTTP: the number of its work (http_runs.sql). Null: no worker runs code;
-- 0: a thousand runs wait already. Errors: those of http_enter() and of work_exec().
create or replace function signalbox.http_exec(token bytea, is_local boolean, code text, language text, timeout_ms int) returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '1s' as $$ -- plans: index, no_jit
declare
	k record;
begin
	select * into k from http_enter(token, is_local, 'execute');
	if not exists (select from workers w where w.ended_at is null and w.lease_until > clock_timestamp() and w.no_code is null) then
		return null;
	elsif (select count(*) from (select from work w where w.kind = 'exec' and w.state in ('queued', 'running') limit 1000) x) >= 1000 then
		return 0;
	end if;
	return work_add('exec', jsonb_build_object('code', code, 'language', language, 'timeout_ms', timeout_ms),
		'token ' || k.id || coalesce(' ' || nullif(k.name, ''), ''));
end $$;
grant execute on function signalbox.http_exec to signalbox_worker;
