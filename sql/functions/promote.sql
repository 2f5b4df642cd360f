-- The oldest waiting message of each session becomes its head, where the session has none. The caller has locked the sessions:
-- without that lock a dispatch and a settle that overlap leave a message behind for ever.
create or replace function signalbox.promote(sessions bigint[]) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp
-- Plans must not follow the sizes these tables had when they were new and empty: always by index.
-- (What has no index then looks dear, and would be compiled: no JIT.)
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
	update queue q
	set state = case when q.run_after > clock_timestamp() then 'delayed' else 'ready' end::queue_state, priority = m.priority
	from (select h.message_id
	      from unnest(sessions) s(id)
	      cross join lateral (select w.message_id, w.state from queue w
	                          where w.session_id = s.id and w.state in ('ready', 'blocked', 'delayed', 'running')
	                          order by w.session_id, w.message_id limit 1) h
	      where h.state = 'blocked'
	        and not exists (select from queue o where o.session_id = s.id and o.state in ('ready', 'delayed', 'running'))) first
	join ai_messages m on m.id = first.message_id
	where q.message_id = first.message_id and q.state = 'blocked';
$$;
