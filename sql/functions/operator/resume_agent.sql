create or replace function signalbox.resume_agent(slug text, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_variable
declare
	found_id int;
begin
	select a.id into found_id from agents a where a.slug = slug;
	if not found then
		raise exception 'no agent is called %', quote_literal(left(slug, 80)) using errcode = 'SB002';
	end if;
	update lanes l set paused_at = null, paused_by = null, pause_reason = null where l.agent_id = found_id;
	perform log_action(actor, 'resume_agent', null, found_id, null, null, null);
	perform wake_worker();
	perform pg_notify('signalbox_changed', '');
end $$;
grant execute on function signalbox.resume_agent to signalbox_operator;
