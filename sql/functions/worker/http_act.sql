-- retry() or cancel() for a request over HTTP; the action is also the name of the scope. Errors: those of the action
-- and of http_enter(). SB002: no such message, or it is not the token's.
create or replace function signalbox.http_act(token bytea, is_local boolean, message uuid, action text)
returns table (document jsonb, message_id bigint, rate_limit int, rate_left int, rate_reset int)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '1s' as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	k     record;
	actor text;
begin
	select * into k from http_enter(token, is_local, action);
	actor := case k.id when 0 then 'HTTP' else 'token ' || k.id || coalesce(' ' || nullif(k.name, ''), '') end;
	message_id := own_message(message);
	document := case action when 'retry' then retry(message, actor) when 'cancel' then cancel(message, actor) end;
	select r.rate_limit, r.rate_left, r.rate_reset into rate_limit, rate_left, rate_reset
		from agents x cross join lateral http_rate(k.id, x, false) r where x.slug = document ->> 'agent';
	return next;
end $$;
grant execute on function signalbox.http_act to signalbox_worker;
