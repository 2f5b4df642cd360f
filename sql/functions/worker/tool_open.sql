-- A call of a tool of kind sql, for the attempt that has it: its function as tool_function() writes it (null: it is gone), or how it ended. The call stays
-- locked to the end of the transaction. No row: another attempt has it.
create or replace function signalbox.tool_open(call uuid, job uuid) returns table (function text, is_over boolean, result text, result_bytes bigint, failure text)
language sql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select tool_function(o.function), c.state <> 'running', c.result, c.result_bytes, c.why
	from (select * from tool_calls t where t.uuid = call and t.job_id = job for update) c left join tools o on o.id = c.tool_id;
$$;
grant execute on function signalbox.tool_open to signalbox_worker;
