-- Says nothing more to a webhook; what waits is given up. SB002: no such webhook, or it is removed already.
create or replace function signalbox.webhook_remove(webhook int, actor text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	update webhooks set removed_at = clock_timestamp() where id = webhook and removed_at is null;
	if not found then
		raise exception 'no webhook %', webhook using errcode = 'SB002';
	end if;
	update webhook_deliveries d set state = 'failed', trying_until = null, last_error = 'the webhook was removed', ended_at = clock_timestamp()
		from (select x.id from webhook_deliveries x where x.webhook_id = webhook and x.state = 'waiting' order by x.id for update) l where d.id = l.id and d.state = 'waiting';
	perform log_action(actor, 'webhook remove', null, null, null, jsonb_build_object('id', webhook), null);
	return (select to_jsonb(l) from webhook_list() l where l.id = webhook);
end $$;
grant execute on function signalbox.webhook_remove to signalbox_admin;
