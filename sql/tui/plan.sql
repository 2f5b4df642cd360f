-- $1 jsonb filter -> messages text, jobs text, n int8, held int8, permanent int8, tools int8, cost text, unknown int8, is_cut bool
select messages, jobs, n, held, permanent, tools, cost_usd::text as cost, cost_unknown as unknown, is_cut from signalbox.failed_plan($1)
