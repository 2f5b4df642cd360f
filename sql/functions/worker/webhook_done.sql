-- What became of tries: [{"id","status","error"}]. A status of 2xx delivers; 410 (Gone) ends it; anything else is tried
-- again after 5 s, 30 s, 2 and 10 min, 30 min, 1, 2, and then each 4 h, for 24 h since the event. (Standard Webhooks 1.0,
-- "Deliverability and reliability")
create or replace function signalbox.webhook_done(results jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	waits constant interval[] := array['5 s', '30 s', '2 min', '10 min', '30 min', '1 h', '2 h', '4 h'];
	t timestamptz := clock_timestamp();
begin
	update webhook_deliveries d set
		trying_until = null, last_status = r.status, last_error = left(r.error, 500),
		state = case when r.status between 200 and 299 then 'delivered' when r.status = 410 or t > d.created_at + interval '24 h' then 'failed' else 'waiting' end,
		ended_at = case when r.status between 200 and 299 or r.status = 410 or t > d.created_at + interval '24 h' then t end,
		next_at = t + waits[least(d.tries, cardinality(waits))] * (0.9 + random() * 0.2)
	from jsonb_to_recordset(results) r(id bigint, status int, error text), (
		-- webhook_remove() locks the same rows in this order, too.
		select x.id from webhook_deliveries x where x.id = any (array(select o.id from jsonb_to_recordset(results) o(id bigint))) order by x.id for update) l
	where d.id = l.id and d.id = r.id and d.state = 'waiting';
end $$;
grant execute on function signalbox.webhook_done to signalbox_worker;
