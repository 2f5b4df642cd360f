-- Records who did what. session_user and address come from the table's defaults; the actor is what the caller says.
-- SB004: no actor.
create or replace function signalbox.log_action(actor text, action text, message_id bigint, agent_id int, reason text, before jsonb, after jsonb)
returns void language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if coalesce(btrim(actor), '') = '' then
		raise exception 'who acts must be said' using errcode = 'SB004';
	end if;
	insert into operator_log (actor, action, message_id, agent_id, reason, before, after)
		values (left(actor, 200), action, message_id, agent_id, left(reason, 1000), before, after);
end $$;
