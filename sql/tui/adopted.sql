-- -> rel text, line text
-- What an operator should know about a table that was just adopted, one line each.
select a.rel::text as rel, coalesce(t.line, '') as line from signalbox.adopted a left join lateral (
	select 'its sessions are those of ' || a.sessions || ': each is known here under its own number' as line where a.sessions is not null
	union all select count(*) || ' rows were ' || coalesce(value, 'null') || ' of old and count as completed until it is given back'
		from signalbox.adopted_values where attname = 'processing_status' group by value
	union all select 'column ' || key || ' of what is written here is ' || value from jsonb_each_text(a.had -> 'filled')
	union all select 'trigger ' || (x ->> 'name') || ' fires only for what the application writes' from jsonb_array_elements(a.had -> 'triggers') x) t on true
