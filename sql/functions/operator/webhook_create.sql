-- Tells a URL of the ends of an agent's messages from now on (agent null: of all agents'). Returns what webhook_list()
-- shows of it. SB002: no such agent. SB004: the URL, the variable's name or an event is none.
create or replace function signalbox.webhook_create(agent text, url text, secret_env text, events text[], actor text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	number int;
	made   int;
begin
	select a.id into number from agents a where a.slug = webhook_create.agent;
	if not found and agent is not null then
		raise exception 'no agent is called %', quote_literal(left(agent, 80)) using errcode = 'SB002';
	end if;
	begin
		insert into webhooks (agent_id, url, secret_env, events)
			values (number, webhook_create.url, webhook_create.secret_env, coalesce(webhook_create.events, array['message.completed', 'message.failed', 'message.cancelled']))
			returning id into made;
	exception when check_violation or not_null_violation then
		raise exception 'a webhook is an http or https URL without a name or password in it, the name of the variable with its secret, and of the events message.completed, message.failed, message.cancelled, approval.needed'
			using errcode = 'SB004';
	end;
	perform log_action(actor, 'webhook create', null, number, null, null, to_jsonb(w)) from webhooks w where w.id = made;
	return (select to_jsonb(l) from webhook_list() l where l.id = made);
end $$;
grant execute on function signalbox.webhook_create to signalbox_admin;
