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
select 'stuck', count(*) = 0, count(*) || ' running messages past their deadline' from signalbox.queue where state = 'running' and deadline < now()
union all
select 'horizon', coalesce(max(now() - xact_start) < interval '10 min', true),
	coalesce('oldest transaction: ' || date_trunc('second', max(now() - xact_start)) || ', pid ' || (array_agg(pid order by xact_start))[1] || ' '
		|| (array_agg(application_name order by xact_start))[1], 'no open transaction')
from pg_stat_activity where xact_start is not null and backend_type = 'client backend' and pid <> pg_backend_pid()
union all
select 'autovacuum', current_setting('autovacuum')::bool, 'autovacuum is ' || current_setting('autovacuum')
