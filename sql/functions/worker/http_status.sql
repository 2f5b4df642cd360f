-- message_status() for a request over HTTP. is_awaited: the worker also wants to hear of its end, and of its text.
-- Errors: those of http_enter(). SB002: no such message, or it is not the token's.
create or replace function signalbox.http_status(token bytea, is_local boolean, message uuid, scope text, is_awaited boolean)
returns table (document jsonb, message_id bigint, rate_limit int, rate_left int, rate_reset int)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '1s' as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	k record;
begin
	select * into k from http_enter(token, is_local, scope);
	message_id := own_message(message);
	if is_awaited then
		perform http_await(array[message_id], false);
		perform watch(message);
	end if;
	document := status_document(message_id);
	select r.rate_limit, r.rate_left, r.rate_reset into rate_limit, rate_left, rate_reset
		from agents x cross join lateral http_rate(k.id, x, false) r where x.slug = document ->> 'agent';
	return next;
end $$;
grant execute on function signalbox.http_status to signalbox_worker;
