-- Deletes one batch of old messages: reads the next `lim` messages after number `after`, and deletes (without `really`:
-- counts) those that ended before the cut, with the question that they answer and their attempts. Failed messages only
-- where `failed`. Costs and daily sums stay. With the last batch go runs of code that ended before the cut. Call again with after = `upto` until is_over. Each batch is a short
-- transaction, so nothing waits for it for long. SB003: a table is adopted.
create or replace function signalbox.prune(older interval, failed boolean, lim int, after bigint, really boolean, actor text)
returns table (n bigint, upto bigint, is_over boolean)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	cut      timestamptz := clock_timestamp() - prune.older;
	ids      bigint[];
	sessions bigint[];
	first    timestamptz;
begin
	if prune.older is null or prune.older < '1 h' or prune.lim not between 1 and 100000 then
		raise exception 'at least an hour, and 1 to 100000 a batch' using errcode = 'SB004';
	elsif exists (select from adopted) then
		raise exception 'the messages are those of %, which is adopted: its application deletes them', (select a.rel from adopted a) using errcode = 'SB003';
	end if;
	select array_agg(x.id) filter (where x.role = 'assistant' and x.processing_completed_at < cut
	         and (x.processing_status in ('completed', 'cancelled') or prune.failed and x.processing_status = 'failed')),
	       array_agg(distinct x.session_id), max(x.id), min(x.created_at)
		into ids, sessions, upto, first
		from (select m.* from ai_messages m where m.id > prune.after order by m.id limit prune.lim) x;
	n := coalesce(cardinality(ids), 0);
	is_over := upto is null or first >= cut;
	if really and n > 0 then
		perform from ai_sessions s where s.id = any (sessions) order by s.id for no key update;
		-- The rows were read before the lock, and a retry may have changed them meanwhile: the conditions are checked
		-- again.
		ids := array(select m.id from ai_messages m where m.id = any (ids) and m.processing_status in ('completed', 'cancelled', 'failed')
		             and m.processing_completed_at < cut);
		delete from queue q where q.message_id = any (ids) and q.state = 'failed';
		delete from attempts a where a.message_id = any (ids);
		delete from tool_calls c where c.message_id = any (ids);
		delete from tasks k where k.message_id = any (ids);
		delete from tool_rounds r where r.message_id = any (ids);
		with gone as (
			delete from ai_messages m where m.id = any (ids) or m.role = 'user' and m.id in (select o.reply_to from ai_messages o where o.id = any (ids))
			returning m.session_id
		)
		update ai_sessions s set message_count = s.message_count - g.k from (select session_id, count(*) as k from gone group by 1) g where s.id = g.session_id;
		delete from ai_sessions s where s.id = any (sessions) and s.message_count = 0 and s.created_at < cut
			and not exists (select from ai_messages m where m.session_id = s.id) and not exists (select from test_sessions t where t.session_id = s.id);
		n := cardinality(ids);
	end if;
	if really and is_over then
		delete from stats_minute m where m.minute < cut and m.minute < (select r.minute from rolled_upto r);
		delete from runs r where r.ended_at < cut;
		perform log_action(actor, 'prune', null, null, 'older than ' || older, null, null);
	end if;
	return next;
end $$;
grant execute on function signalbox.prune to signalbox_admin;
