-- The webhooks, the newest first, and how the newest 1,000 deliveries of each went; all that wait are counted, up to
-- 1,000. agent: null means every agent.
create or replace function signalbox.webhook_list()
returns table (id int, agent text, url text, secret_env text, events text[], created_by text, created_at text, removed_at text, waiting bigint, delivered bigint, failed bigint, last_error text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select w.id, (select a.slug from agents a where a.id = w.agent_id), w.url, w.secret_env, w.events, w.created_by, utc(w.created_at), utc(w.removed_at),
		d.waiting, d.delivered, d.failed,
		(select coalesce(x.last_error, 'status ' || x.last_status) from (
			select y.* from webhook_deliveries y where y.webhook_id = w.id order by y.id desc limit 1000) x where x.state <> 'delivered' and x.tries > 0 order by x.id desc limit 1)
	from webhooks w cross join lateral (
		select (select count(*) from (select from webhook_deliveries x where x.webhook_id = w.id and x.state = 'waiting' limit 1000) y) as waiting,
			count(*) filter (where x.state = 'delivered') as delivered, count(*) filter (where x.state = 'failed') as failed
		from (select y.state from webhook_deliveries y where y.webhook_id = w.id order by y.id desc limit 1000) x) d
	order by w.id desc;
$$;
grant execute on function signalbox.webhook_list to signalbox_viewer;
