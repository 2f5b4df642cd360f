-- Sends an event of the type webhook.test. Returns the number of the delivery. SB002: no such webhook.
create or replace function signalbox.webhook_test(webhook int, actor text) returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	made bigint;
begin
	insert into webhook_deliveries (webhook_id, event, payload)
		select w.id, 'webhook.test', jsonb_build_object('type', 'webhook.test', 'timestamp', utc(clock_timestamp()), 'data', jsonb_build_object('webhook', w.id))::text
		from webhooks w where w.id = webhook and w.removed_at is null returning id into made;
	if made is null then
		raise exception 'no webhook %', webhook using errcode = 'SB002';
	end if;
	perform log_action(actor, 'webhook test', null, null, null, null, jsonb_build_object('id', webhook));
	return made;
end $$;
grant execute on function signalbox.webhook_test to signalbox_operator;
