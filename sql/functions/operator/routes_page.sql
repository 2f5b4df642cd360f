-- Every agent's routes in order, and which may be called now: free, held (for so many seconds), probe (the next message
-- tries the route), probing (a message is trying). Without a price the cost of a call is unknown, and an agent with a
-- budget makes no call.
create or replace function signalbox.routes_page()
returns table (agent text, ord int, provider text, model text, state text, seconds int, reason text, has_price boolean)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	select a.slug, r.ord, r.provider, r.model,
		case when not r.is_held then 'free' when r.can_probe then 'probe'
		     when not f.is_forced and exists (select from breakers k where k.provider = r.provider and k.model in ('', r.model) and k.probe_until > clock_timestamp())
		     then 'probing' else 'held' end,
		case when r.is_held and not f.is_forced then greatest(0, extract(epoch from r.until - clock_timestamp()))::int end,
		case when f.is_forced then 'forced' else r.reason end, exists (select from tariff(r.provider, r.model, r.model, clock_timestamp()) p where p.output_pico is not null)
	from routes r join agents a on a.id = r.agent_id
	cross join lateral (select exists (select from breakers k where k.provider = r.provider and k.forced = 'open') as is_forced) f
	order by a.slug, r.ord;
$$;
grant execute on function signalbox.routes_page to signalbox_viewer;
