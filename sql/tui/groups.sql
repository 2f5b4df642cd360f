-- $1 jsonb filter -> n int8, cause text, provider text, agents text, last_at text, is_permanent bool, cost text
select n, cause, provider, agents, signalbox.utc(last_at) as last_at, is_permanent, cost_usd::text as cost from signalbox.failed_groups($1)
