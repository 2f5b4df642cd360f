-- Why a waiting message cannot start now; null when it can.
create or replace function signalbox.waits_for(q signalbox.queue) returns text
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if q.state = 'pending' then
		return 'schedule';
	elsif q.state not in ('ready', 'blocked', 'delayed') then
		return null;
	end if;
	return (
		select case when l.paused_at is not null or exists (select from fleet f where f.paused_at is not null) then 'paused'
		            when q.state = 'blocked' then 'session'
		            when q.state = 'delayed' then case when exists (select from tool_calls c join tasks k on k.id = c.uuid where c.message_id = q.message_id and c.state = 'running' and c.round > 0)
		                 then 'task' else 'backoff' end
		            when l.blocked_until > clock_timestamp() then 'rate'
		            when a.rate_limit_per_min is not null and a.rate_limit_per_min <=
		                 (select count(*) from starts s where s.agent_id = a.id and s.started_at > clock_timestamp() - interval '61 s') then 'rate'
		            when exists (select from workers w where w.mute <> '{}' and w.ended_at is null) and not can_be_served(a.id) then 'worker'
		            when exists (select from breakers b where b.state <> 'closed' or b.forced = 'open') and route_room(a.id) = 0 then 'breaker'
		            when a.tokens_per_min is not null and tokens_lately(a.id) >= a.tokens_per_min then 'rate'
		            when (a.budget_day is not null or a.budget_month is not null) and not exists (select from affordable(a.id, 1)) then 'budget'
		            when a.concurrency_limit is not null and a.concurrency_limit <=
		                 running_of(a.id) then 'concurrency'
		       end
		from lanes l join agents a on a.id = l.agent_id where l.agent_id = q.agent_id);
end $$;
