-- Takes at most n deliveries that are due, of webhooks whose secret the worker has: each counts as a try, which is lost
-- when it is not reported within a minute.
create or replace function signalbox.webhook_take(has text[], n int)
returns table (id bigint, uuid uuid, url text, secret_env text, payload text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	t timestamptz := clock_timestamp();
begin
	return query
	with due as (
		select d.id from webhook_deliveries d join webhooks w on w.id = d.webhook_id
		where d.state = 'waiting' and d.next_at <= t and w.removed_at is null and w.secret_env = any (has)
		order by d.next_at limit n for update of d skip locked
	), taken as (
		update webhook_deliveries d set tries = d.tries + 1, next_at = t + interval '60 s' from due where d.id = due.id
		returning d.id, d.uuid, d.webhook_id, d.payload
	)
	select k.id, k.uuid, w.url, w.secret_env, k.payload from taken k join webhooks w on w.id = k.webhook_id order by k.id;
end $$;
grant execute on function signalbox.webhook_take to signalbox_worker;
