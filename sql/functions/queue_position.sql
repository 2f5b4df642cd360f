-- The place in the order of service, 1 = next: agents take turns (the one served longest ago first), within an agent higher priority and
-- then age. Messages that cannot start now are counted too. Null unless the message waits.
create or replace function signalbox.queue_position(message uuid) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	q       queue;
	my_turn bigint;
	place   bigint;
begin
	select w.* into q from ai_messages m join queue w on w.message_id = m.id where m.uuid = message
		and may_read(m.session_id);
	if not found or q.state in ('running', 'failed') then
		return null;
	end if;
	-- Its rank within its agent: so many turns does its agent need.
	select count(*) + 1 into place from queue w
		where w.agent_id = q.agent_id and w.state in ('ready', 'blocked', 'delayed') and w.message_id <> q.message_id
		  and (w.priority > q.priority or (w.priority = q.priority and (w.seq, w.message_id) < (q.seq, q.message_id)));
	select turn into my_turn from lanes where agent_id = q.agent_id;
	return place + coalesce((
		select sum(least(n.waiting, case when l.turn < my_turn or (l.turn = my_turn and l.agent_id < q.agent_id) then place else place - 1 end))
		from lanes l cross join lateral (
			select count(*) as waiting from (
				select from queue w where w.agent_id = l.agent_id and w.state in ('ready', 'blocked', 'delayed') limit place) x) n
		where l.agent_id <> q.agent_id), 0);
end $$;
