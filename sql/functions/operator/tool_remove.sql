-- Removes a tool; the journal keeps the calls that were made of it. SB002: no such tool; SB003: an agent has it.
create or replace function signalbox.tool_remove(tool text, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	old tools;
	who text;
begin
	select * into old from tools t where t.name = tool for update;
	if not found then
		raise exception 'no tool is called %', quote_literal(left(tool, 80)) using errcode = 'SB002';
	end if;
	select string_agg(a.slug, ' ' order by a.slug) into who from agents a where a.tools is not null and tool in (select agent_tools(a.tools));
	if who is not null then
		raise exception '% has it: signalbox agent SLUG set tools=…', who using errcode = 'SB003';
	end if;
	delete from tools t where t.name = tool;
	perform log_action(actor, 'tool_remove', null, null, tool, to_jsonb(old), null);
	perform pg_notify('signalbox_changed', '');
end $$;
grant execute on function signalbox.tool_remove to signalbox_admin;
