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
		else raise exception 'no work is called %', quote_literal(left(coalesce(work_add.kind, ''), 80)) using errcode = 'SB004';
	end case;
	-- While the work is open, its highest cost counts as spent (money_left.sql). Checked again when a worker takes the
	-- work: this check takes no lock_claim, because a caller may not hold up the claims.
	if money_left(asks.agent) < asks.worst_case then
		raise exception 'agent % has no budget left for that', args ->> 'agent' using errcode = 'SB003';
	end if;
	perform log_action(actor, 'work_add', null, asks.agent, kind, null, asks.said);
	insert into work (kind, agent_id, args, made_by, total) values (work_add.kind, asks.agent, asks.args, left(actor, 200), asks.total) returning id into n;
	perform pg_notify('signalbox_command', '');
	return n;
end $$;
grant execute on function signalbox.work_add to signalbox_operator;
