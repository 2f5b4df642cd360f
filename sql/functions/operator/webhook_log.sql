-- Deliveries, the newest first: of one webhook, or of all; or the one of that number.
create or replace function signalbox.webhook_log(webhook int, delivery bigint, n int)
returns table (id bigint, webhook_id int, url text, message_id uuid, event text, state text, tries int, last_status int, last_error text, created_at text, next_at text, ended_at text, uuid uuid)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	ids bigint[];
begin
	if delivery is not null then
		ids := array[delivery];
	elsif webhook is not null then
		ids := array(select d.id from webhook_deliveries d where d.webhook_id = webhook order by d.id desc limit n);
	else
		ids := array(select d.id from webhook_deliveries d order by d.id desc limit n);
	end if;
	return query select d.id, d.webhook_id, w.url, (select m.uuid from ai_messages m where m.id = d.message_id), d.event, d.state, d.tries, d.last_status, d.last_error, utc(d.created_at),
		case when d.state = 'waiting' then utc(d.next_at) end, utc(d.ended_at), d.uuid
	from unnest(ids) x(id) cross join lateral (select o.* from webhook_deliveries o where o.id = x.id offset 0) d join webhooks w on w.id = d.webhook_id
	where webhook is null or d.webhook_id = webhook
	order by d.id desc;
end $$;
grant execute on function signalbox.webhook_log to signalbox_viewer;
