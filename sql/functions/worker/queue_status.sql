-- The state of the queue, its alerts, and the action that each alert asks for. Days and months are in UTC.
create or replace function signalbox.queue_status() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
declare
	t       timestamptz := clock_timestamp();
	today   timestamptz := date_trunc('day', clock_timestamp(), 'UTC');
	c       record;
	day     record;
	hour    record;
	w       record;
	rate    numeric;
	alerts  jsonb;
begin
	select * into c from waiting_counts();
	select coalesce(sum(d.completed), 0) as completed, coalesce(sum(d.failed), 0) as failed,
	       sum(d.processing_ms) / nullif(sum(d.completed), 0) / 1000.0 as mean_s, coalesce(sum(d.cost_pico), 0) as cost, coalesce(sum(d.cost_unknown), 0) as cost_unknown
		into day from stats_today() d;
	select coalesce(sum(completed), 0) as completed, coalesce(sum(failed), 0) as failed
		into hour from stats_minute where minute > t - interval '1 h';
	rate := round(100.0 * hour.failed / nullif(hour.failed + hour.completed, 0), 1);
	select count(*) as alive, coalesce(sum(concurrency), 0) as slots, coalesce(sum(kept), 0) as kept
		into w from workers where ended_at is null and lease_until > t;

	select coalesce(jsonb_agg(jsonb_build_object('name', a.name, 'level', a.level, 'message', a.message, 'action', a.action,
			'value', a.value, 'threshold', a.threshold) order by array_position(array['CRIT', 'WARN', 'INFO'], a.level), a.ord), '[]') into alerts
	from (
		select 0 as ord, 'no_worker' as name, 'CRIT' as level, c.queued + c.pending + c.processing || ' messages wait and no worker is alive' as message,
			'start one: signalbox-worker' as action, 0 as value, 1 as threshold
		where w.alive = 0 and c.queued + c.pending + c.processing > 0
		union all
		select 0, 'paused', 'INFO', 'everything paused by ' || f.paused_by || ' at ' || to_char(f.paused_at at time zone 'UTC', 'HH24:MI') || ' UTC'
			|| coalesce(': "' || f.pause_reason || '"', ''), 'signalbox resume --all', 1, 0
		from fleet f where f.paused_at is not null
		union all
		select 0, 'breaker', case b.state when 'parked' then 'WARN' else 'CRIT' end,
			'provider ' || b.provider || coalesce(' ' || nullif(b.model, ''), '') || ': ' || case when b.forced is not null then 'breaker forced open ' || b.detail
				when b.probe_until > t then 'breaker open, one message is trying' when b.until > t then case b.state when 'parked' then b.reason || ', parked for '
				else 'breaker open, probe in ' end || short_span(b.until - t) else 'breaker open, the next message tries' end
			|| coalesce('; ' || nullif(n.held, 0) || ' wait', ''),
			'signalbox providers', 1, 0
		from breakers b cross join lateral (select sum(x.queued) as held from waiting_by_agent() x
			where route_room(x.agent_id) = 0 and exists (select from routes r where r.agent_id = x.agent_id and r.provider = b.provider and r.is_held)) n
		where b.forced = 'open' or ((b.state = 'open' or (b.state = 'parked' and b.until > t))
			and not exists (select from breakers f where f.provider = b.provider and f.forced is not null))
		union all
		select 0, 'budget', case when m.is_held then 'CRIT' else 'WARN' end, 'agent ' || m.slug || ': '
			|| case when m.is_held and not m.is_priced then 'has a budget and a model without a price; its messages wait'
			   else m.percent || ' % of its ' || m.span || '''s budget is spent or reserved' || case when m.is_held then '; its messages wait' else '' end end,
			case when m.is_held and not m.is_priced then 'signalbox prices import FILE' else 'signalbox agent ' || m.slug || ' set budget_' || m.span || '=USD' end,
			m.percent, m.budget_soft
		from (select a.slug, a.budget_soft, b.span, b.usd, case when b.usd = 0 then 100 else
		             least(floor(100 * (spent_since(a.id, date_trunc(b.span, t, 'UTC')) + r.pico) / (b.usd * 1000000000000)), 1000000)::int end as percent,
		             h.is_held and b.usd * 1000000000000 - spent_since(a.id, date_trunc(b.span, t, 'UTC')) - r.pico <= money_left(a.id) as is_held,
		             not h.is_held or not exists (select from routes u where u.agent_id = a.id
		             	and not exists (select from tariff(u.provider, u.model, u.model, t) p where p.output_pico is not null)) as is_priced
		      from agents a cross join lateral (values ('day', a.budget_day), ('month', a.budget_month)) b(span, usd)
		      cross join lateral (select coalesce(sum(x.pico), 0) as pico from reservations x where x.agent_id = a.id) r
		      cross join lateral (select held_by_budget(a.id) as is_held offset 0) h
		      where b.usd is not null) m
		where (m.usd > 0 and m.percent >= m.budget_soft) or m.is_held
		union all
		select 0, 'secret', case when m.n >= w.alive then 'CRIT' else 'WARN' end,
			'provider ' || p.slug || ': ' || m.n || ' of ' || w.alive || ' workers cannot call it; ' || m.who || ': ' || m.why, 'signalbox doctor', m.n, 1
		from providers p cross join lateral (
			select count(*) as n, min(k.name) as who, (array_agg(s.why order by k.name))[1] as why
			from workers k cross join lateral (select k.lacks ->> n as why from provider_secrets(p.key_env, p.header, p.query) n where k.lacks ? n limit 1) s
			where k.ended_at is null and k.lease_until > t and p.id = any (k.mute)) m
		where m.n > 0 and exists (select from agent_routes r where r.provider_id = p.id)
		union all
		select 0, 'webhook', 'WARN', 'webhook ' || h.id || ': ' || d.n || ' deliveries were tried three times or more, or wait for a worker with the secret', 'signalbox webhook deliveries ' || h.id, d.n, 1
		from webhooks h cross join lateral (
			select count(*) as n from (select from webhook_deliveries x where x.webhook_id = h.id and x.state = 'waiting' and (x.tries >= 3 or x.tries = 0 and x.created_at < t - interval '2 min') limit 1000) y) d
		where h.removed_at is null and d.n > 0
		union all
		select 0, 'kept', 'WARN', w.kept || ' records wait in the memory of workers until the database takes them', 'signalbox doctor', w.kept, 1 where w.kept > 0
		union all
		select 0, 'chore', 'WARN', 'the chore ' || o.name || ' has not gone well for ' || short_span(t - o.well_at) || coalesce(': ' || o.error, ''), 'signalbox doctor',
			extract(epoch from t - o.well_at)::int, 120
		from chores o where w.alive > 0 and o.well_at < t - greatest(o.every * 3, interval '2 min')
		union all
		select r.ord, r.name, 'WARN', trim_scale(round(v.value, 1)) || case r.name when 'failure_rate' then '' when 'slow' then '' else ' ' end || r.what
			|| ' (limit ' || trim_scale(r.threshold) || ')', r.action, round(v.value, 1), r.threshold
		from alert_rules r join (values
			('waiting_long', c.waiting_long::numeric),
			('failure_rate', case when hour.failed + hour.completed >= (select param from alert_rules where name = 'failure_rate') then rate end),
			('slow', day.mean_s), ('queue_size', c.queued::numeric)) v(name, value) on v.name = r.name
		where v.value > r.threshold
	) a;
	return jsonb_build_object(
		'pending', c.pending, 'queued', c.queued, 'processing', c.processing, 'completed_today', day.completed,
		'failed', c.failed, 'failed_today', day.failed, 'failed_last_hour_percent', rate,
		'oldest_pending_seconds', round(extract(epoch from t - c.oldest), 1), 'mean_processing_seconds_today', round(day.mean_s, 1),
		'workers_alive', w.alive, 'slots', w.slots, 'records_kept', w.kept, 'cost_today_usd', usd(day.cost), 'cost_unknown_today', day.cost_unknown,
		'as_of', utc(t), 'alerts', alerts);
end $$;
grant execute on function signalbox.queue_status to signalbox_worker, signalbox_viewer;
