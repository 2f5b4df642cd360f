drop function if exists signalbox.tool_states(bigint), signalbox.lacks_tool(int, int[]), signalbox.http_look(bigint[]), signalbox.http_texts(bigint[], int[], int[]), signalbox.transcript(uuid, int), signalbox.contexts(uuid, bigint[], uuid[], boolean), signalbox.tools_for(int), signalbox.rounds_for(bigint), signalbox.tool_begin(uuid, jsonb),
	signalbox.tool_end(uuid, jsonb), signalbox.tool_open(uuid, uuid), signalbox.tool_close(uuid, uuid, text, bigint, text), signalbox.tool_sql(uuid, uuid, jsonb, jsonb, int), signalbox.tool_function(text), signalbox.tool_check(jsonb),
	signalbox.tool_set(text, jsonb, text), signalbox.tool_remove(text, text), signalbox.tools_page(text), signalbox.agent_tools(text), signalbox.tool_calls_of(bigint, int), signalbox.bound_for(int, bigint, uuid),
	signalbox.retry_from(uuid, int, text, boolean), signalbox.tools_bytes(text, bigint), signalbox.task_signer(uuid), signalbox.task_end(uuid, text, text), signalbox.profile_of(text, text), signalbox.profile_import(jsonb, text), signalbox.profile_fields();
drop table signalbox.tasks, signalbox.mandate_erps, signalbox.mandates, signalbox.clients, signalbox.tool_calls, signalbox.tool_rounds, signalbox.tools;
delete from signalbox.runs where kind = 'tool';
alter table signalbox.runs drop constraint runs_kind_check, add constraint runs_kind_check check (kind in ('exec', 'calculation', 'answer'));
