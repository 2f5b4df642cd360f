-- Takes at most n deliveries that are due, of webhooks whose secret the worker has: each counts as a try, which is lost
-- when it is not reported within a minute. Of one webhook at most 4 are tried at a time, so that one that does not answer
-- does not hold up the others.
create or replace function signalbox.webhook_take(has text[], n int)
returns table (id bigint, uuid uuid, url text, secret_env text, payload text)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	t timestamptz := clock_timestamp();
begin
	return query
	with due as (
		select x.id from (select h.id from webhooks h where h.removed_at is null and h.secret_env = any (has) order by random() offset 0) w
		cross join lateral (
			select d.id from webhook_deliveries d where d.webhook_id = w.id and d.state = 'waiting' and d.next_at <= t
			order by d.next_at
			limit greatest(0, 4 - (select count(*) from webhook_deliveries o where o.webhook_id = w.id and o.trying_until > t))
			for update skip locked) x
		limit n
	), taken as (
		update webhook_deliveries d set tries = d.tries + 1, next_at = t + interval '60 s', trying_until = t + interval '60 s' from due where d.id = due.id
		returning d.id, d.uuid, d.webhook_id, d.payload
	)
	select k.id, k.uuid, w.url, w.secret_env, k.payload from taken k join webhooks w on w.id = k.webhook_id order by k.id;
end $$;
grant execute on function signalbox.webhook_take to signalbox_worker;
