-- Runs a call of a tool of kind sql and writes its result into the journal, in one transaction: either both happened or neither, so such a call can always
-- be begun again. The function runs with the rights of the worker's login, not with ours. What it did before it failed is undone.
-- (Without a search_path of its own: the function is found by its full name, and sees what the login would.)
-- A call that has ended is not run again: how it ended is returned. No row: another attempt has it.
create or replace function signalbox.tool_sql(call uuid, job uuid, arguments jsonb, context jsonb, cap int) returns table (result text, result_bytes bigint, failure text)
language plpgsql as $$
#variable_conflict use_column
declare
	o record;
begin
	select * into o from signalbox.tool_open(call, job);
	if not found then
		return;
	end if;
	result := o.result; result_bytes := o.result_bytes; failure := o.failure;
	if not o.is_over then
		begin
			if o.function is null then
				raise exception 'its function is gone';
			end if;
			execute format('select (%s($1, $2))::text', o.function) into result using arguments, context;
		exception when others then    -- a cancel, and so a time-out, is none of these
			if sqlstate like '40%' then    -- a deadlock, a conflict: it is begun again
				raise;
			end if;
			failure := left(sqlerrm, 500);
		end;
		result_bytes := octet_length(result);
		result := left(coalesce(result, ''), cap);
		perform signalbox.tool_close(call, job, result, coalesce(result_bytes, 0), failure);
	end if;
	return next;
end $$;
grant execute on function signalbox.tool_sql to signalbox_worker;
