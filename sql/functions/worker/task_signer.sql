-- The variable with the secret by which the process of a task signs its answer; null: there is none, so nobody may answer. No row: no such task.
create or replace function signalbox.task_signer(task uuid) returns table (name text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select (select o.key_env from tool_calls c join tools o on o.id = c.tool_id where c.uuid = k.id) from tasks k where k.id = task;
$$;
grant execute on function signalbox.task_signer to signalbox_worker;
