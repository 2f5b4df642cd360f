-- -> check text, ok bool, detail text
select 'workers' as check, count(*) > 0 as ok, count(*) || ' alive'
	|| coalesce(', ' || string_agg(name || case when is_draining then ' (draining)' else '' end, ', '), '') as detail
from signalbox.workers where ended_at is null and lease_until > now()
union all
select 'agents', coalesce(bool_and(provider_id is not null and model is not null), false), count(*) || ' agents'
	|| coalesce(', without provider or model: ' || string_agg(slug, ' ') filter (where provider_id is null or model is null), '')
from signalbox.agents
union all
select 'providers', count(*) > 0, count(*) || ' providers' from signalbox.providers
union all
-- Secrets that a provider, a webhook or a public token names and that a worker lacks, or may not use for it.
select 'secrets', count(*) = 0, coalesce(string_agg(format('%s: %s (%s)', x.who, w.lacks ->> x.secret, w.name), '; ' order by x.who, x.secret, w.name),
	'the workers have what providers, webhooks and tokens name')
from (select 'provider ' || p.slug as who, n as secret from signalbox.providers p cross join lateral signalbox.provider_secrets(p.key_env, p.header, p.query) n
	union all select 'webhook ' || h.id, h.secret_env from signalbox.webhooks h where h.removed_at is null
	union all select 'token ' || t.id, t.sign_env from signalbox.token_list() t where t.state = 'valid' and t.sign_env is not null) x
join signalbox.workers w on w.ended_at is null and w.lease_until > now() and w.lacks ? x.secret
union all
select 'code', count(no_code) filter (where no_code <> 'code_slots is 0') = 0, count(*) filter (where no_code is null) || ' of ' || count(*) || ' workers run code in a sandbox'
	|| coalesce('; ' || string_agg(name || ': ' || no_code, '; ' order by name) filter (where no_code is not null), '')
from signalbox.workers where ended_at is null and lease_until > now()
union all
select 'records', coalesce(sum(kept), 0) = 0, coalesce(sum(kept), 0) || ' records wait in the memory of workers until the database takes them'
	|| coalesce(': ' || string_agg(name || ' ' || kept, ', ' order by name) filter (where kept > 0), '')
from signalbox.workers where ended_at is null and lease_until > now()
union all
select 'chores', count(*) = 0, coalesce(string_agg(format('%s has not gone well for %s%s', c.name, signalbox.short_span(now() - c.well_at), ': ' || c.error), '; ' order by c.name),
	'the chores of the fleet are done')
from signalbox.chores c where (c.well_at < now() - greatest(c.every * 3, interval '2 min') or c.error is not null)
	and exists (select from signalbox.workers w where w.ended_at is null and w.lease_until > now())
union all
-- Transactions that hold up others: one that holds a lock of the fleet (only a superuser or the schema's owner can), or
-- an open transaction that is idle and has written our tables: the sessions that it has written wait for its end.
select 'transactions', count(*) = 0, coalesce(string_agg(format('pid %s (%s, user %s, %s) %s since %s', a.pid, coalesce(nullif(a.application_name, ''), 'no name'), a.usename,
		coalesce(a.state, 'of which nothing is seen'), h.what, coalesce(signalbox.short_span(now() - a.xact_start), '?')), '; ' order by a.xact_start), 'nobody holds up the fleet')
	|| case when pg_has_role('pg_read_all_stats', 'member') then '' else ' (of other users'' sessions little is seen: grant pg_read_all_stats)' end
from (
	select l.pid, case when bool_or(c.relname like 'lock\_%') then 'holds ' else 'has written ' end || string_agg(distinct c.relname, ', ') as what, bool_or(c.relname like 'lock\_%') as is_fleet
	from pg_locks l join pg_class c on c.oid = l.relation
	where l.granted and (c.relnamespace = 'signalbox'::regnamespace or c.oid in (select d.rel from signalbox.adopted d)) and c.relkind = 'r'
	  and l.mode not in ('AccessShareLock', 'RowShareLock') and l.pid <> pg_backend_pid()
	group by l.pid) h join pg_stat_activity a on a.pid = h.pid
where a.backend_type = 'client backend' and (h.is_fleet and coalesce(a.xact_start < now() - interval '5 s', true)
	or a.state like 'idle in transaction%' and a.xact_start < now() - interval '10 s')
union all
select 'stuck', count(*) = 0, count(*) || ' running messages past their deadline' from signalbox.running where deadline < now()
union all
-- What keeps dead rows from being removed: the oldest of everything that can. For a queue 5 minutes are a long time.
select 'horizon', coalesce(bool_and(age < interval '5 min'), true),
	coalesce((array_agg(who || ', ' || date_trunc('second', age) || ' old' order by age desc))[1], 'nothing holds it back')
	|| case when pg_has_role('pg_read_all_stats', 'member') then '' else ' (of other users'' sessions nothing is seen: grant pg_read_all_stats)' end
from (
	select format('pid %s (%s, user %s, %s): %s', pid, coalesce(nullif(application_name, ''), 'no name'), usename, state,
	              left(regexp_replace(query, '\s+', ' ', 'g'), 60)), now() - coalesce(xact_start, query_start)
	from pg_stat_activity where (backend_xmin is not null or backend_xid is not null) and pid <> pg_backend_pid() and backend_type <> 'autovacuum worker'
	union all
	select 'prepared transaction ' || quote_literal(gid) || ' of ' || owner || ' (rollback prepared, or commit)', now() - prepared from pg_prepared_xacts
	union all
	select 'replication slot ' || slot_name || case when active then '' else ', inactive: drop it if its standby is gone' end,
	       make_interval(secs => greatest(age(xmin), age(catalog_xmin)) / 1000.0)    -- no time is known: 1,000 transactions count as a second
	from pg_replication_slots where xmin is not null or catalog_xmin is not null
	union all
	select 'a standby''s query (hot_standby_feedback of ' || coalesce(application_name, '') || ')', make_interval(secs => age(backend_xmin) / 1000.0)
	from pg_stat_replication where backend_xmin is not null
) h(who, age)
union all
select 'dead rows', coalesce(max(n_dead_tup), 0) < 200000, 'queue: ' || coalesce(max(n_dead_tup), 0) || ' dead of ' || coalesce(max(n_live_tup), 0)
	|| ', vacuumed ' || coalesce(date_trunc('second', now() - max(greatest(last_autovacuum, last_vacuum)))::text || ' ago', 'never')
from pg_stat_user_tables where schemaname = 'signalbox' and relname = 'queue'
union all
select 'autovacuum', current_setting('autovacuum')::bool, 'autovacuum is ' || current_setting('autovacuum')
