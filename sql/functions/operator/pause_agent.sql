-- Stops an agent from starting messages; running ones go on.
create or replace function signalbox.pause_agent(slug text, actor text, reason text default null) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_variable
declare
	found_id int;
begin
	select a.id into found_id from agents a where a.slug = slug;
	if not found then
		raise exception 'no agent is called %', quote_literal(left(slug, 80)) using errcode = 'SB002';
	end if;
	update lanes l set paused_at = clock_timestamp(), paused_by = left(actor, 200), pause_reason = left(reason, 1000) where l.agent_id = found_id;
	perform log_action(actor, 'pause_agent', null, found_id, reason, null, null);
	perform pg_notify('signalbox_changed', '');
end $$;
grant execute on function signalbox.pause_agent to signalbox_operator;
