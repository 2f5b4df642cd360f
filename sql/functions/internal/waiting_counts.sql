-- How many messages wait, run and failed. Counted now while the queue is short (is_short()); else read from the last
-- count (a second or two old), so that the cost does not grow with the queue. Running messages are always counted now.
create or replace function signalbox.waiting_counts(out pending bigint, out queued bigint, out processing bigint, out failed bigint, out oldest timestamptz,
	out waiting_long bigint)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
declare
	t   queue_totals;
	cut timestamptz := (select clock_timestamp() - make_interval(secs => r.param::float8) from alert_rules r where r.name = 'waiting_long');
begin
	if is_short() then
		select count(*) filter (where q.state = 'pending'), count(*) filter (where q.state in ('ready', 'blocked', 'delayed')),
			count(*) filter (where q.state = 'running'), count(*) filter (where q.state = 'failed'),
			min(q.queued_at) filter (where q.state in ('ready', 'blocked', 'delayed')),
			count(*) filter (where q.state in ('ready', 'blocked', 'delayed') and q.queued_at < cut)
			into pending, queued, processing, failed, oldest, waiting_long from queue q;
		return;
	end if;
	select * into t from queue_totals order by id desc limit 1;
	pending := t.pending; queued := t.queued; failed := t.failed; oldest := t.oldest; waiting_long := t.waiting_long;
	select count(*) into processing from running;
end $$;
