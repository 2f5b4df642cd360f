-- Adds work that a command asks of a worker. Returns its number; the caller polls work_status() until the work ended.
-- SB003: no worker would do it. What each kind needs, and which agent pays: work_KIND.sql.
create or replace function signalbox.work_add(kind text, args jsonb, actor text) returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	n    bigint;
	asks record;
begin
	case work_add.kind
		when 'intent_eval' then asks := work_intent_eval(args);
		when 'exec' then asks := work_exec(args);
		else raise exception 'no work is called %', quote_literal(left(coalesce(work_add.kind, ''), 80)) using errcode = 'SB004';
	end case;
	-- While the work is open, its highest cost counts as spent (money_left.sql). Checked again when a worker takes the
	-- work: this check takes no lock_claim, because a caller may not hold up the claims.
	-- What it may cost is unknown where its model has no price: under a budget, such work is refused.
	if money_left(asks.agent) < coalesce(asks.worst_case, 'Infinity') then
		raise exception using errcode = 'SB003', message = case when asks.worst_case is null
			then format('agent %s has a budget, and the model of its intents has no price: signalbox prices', args ->> 'agent')
			else format('agent %s has no budget left for that', args ->> 'agent') end;
	end if;
	perform log_action(actor, 'work_add', null, asks.agent, kind, null, asks.said);
	insert into work (kind, agent_id, args, made_by, total) values (work_add.kind, asks.agent, asks.args, left(actor, 200), asks.total) returning id into n;
	perform pg_notify('signalbox_command', '');
	return n;
end $$;
grant execute on function signalbox.work_add to signalbox_operator;
