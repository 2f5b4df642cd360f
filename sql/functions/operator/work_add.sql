-- What a command asks of a worker. Answers its number; whoever asked looks at work_status() until it ended. SB003 when nobody would do it.
create or replace function signalbox.work_add(kind text, args jsonb, actor text) returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	n   bigint;
	who int;
begin
	if work_add.kind is distinct from 'intent_eval' then
		raise exception 'no work is called %', quote_literal(left(work_add.kind, 80)) using errcode = 'SB004';
	elsif jsonb_typeof(args -> 'texts') is distinct from 'array' or jsonb_array_length(args -> 'texts') not between 1 and 10000
		or exists (select from jsonb_array_elements(args -> 'texts') x where jsonb_typeof(x) <> 'string') then
		raise exception 'texts are 1 to 10000' using errcode = 'SB004';
	end if;
	-- As much of each as would be looked at in a message.
	args := jsonb_build_object('agent', args ->> 'agent', 'texts', (select jsonb_agg(intent_text(x.t) order by x.ord) from jsonb_array_elements_text(args -> 'texts') with ordinality x(t, ord)));
	if octet_length(args::text) > 20000000 then
		raise exception 'texts are at most 20 MB' using errcode = 'SB004';
	end if;
	select a.id into who from agents a where a.slug = args ->> 'agent';
	if not found then
		raise exception 'no agent is called %', quote_literal(left(coalesce(args ->> 'agent', ''), 80)) using errcode = 'SB002';
	elsif intent_spec(who) is null then
		raise exception 'agent % has no intents: signalbox agent % set intents=... intent_model=PROVIDER:MODEL', args ->> 'agent', args ->> 'agent' using errcode = 'SB003';
	end if;
	-- While it is open, all of it is money that is gone (money_left.sql). Looked at again when a worker takes it: who asks may not hold up the claims.
	if money_left(who) < intent_worst_case(who)::numeric * jsonb_array_length(args -> 'texts') then
		raise exception 'agent % has no budget left for that', args ->> 'agent' using errcode = 'SB003';
	end if;
	perform log_action(actor, 'work_add', null, who, kind, null, jsonb_build_object('texts', jsonb_array_length(args -> 'texts')));
	insert into work (kind, agent_id, args, made_by, total) values (work_add.kind, who, work_add.args, left(actor, 200), jsonb_array_length(args -> 'texts')) returning id into n;
	perform pg_notify('signalbox_command', '');
	return n;
end $$;
grant execute on function signalbox.work_add to signalbox_operator;
