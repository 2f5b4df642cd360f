-- Counts the waiting messages, by lane and agent, in one pass over an index, and writes one row of queue_totals.
-- Positions and totals are read from it.
create or replace function signalbox.count_totals() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	began timestamptz := clock_timestamp();
	cut   timestamptz := (select clock_timestamp() - make_interval(secs => r.param::float8) from alert_rules r where r.name = 'waiting_long');
	old   bigint := (select last_value from seq_old);
	newest bigint := (select last_value from queue_seq);
	mine  bigint;
begin
	with lane as materialized (
		select agent_id, rank, count(*)::int as n, min(seq) as first from queue where state in ('ready', 'blocked', 'delayed') group by agent_id, rank order by agent_id, rank
	), agent as materialized (
		select agent_id, sum(n)::int as n from lane group by agent_id order by agent_id
	), oldest as materialized (
		select lane.agent_id, lane.rank, first.queued_at from lane cross join lateral (
			select q.queued_at from queue q where q.agent_id = lane.agent_id and q.rank = lane.rank and q.state in ('ready', 'blocked', 'delayed')
			order by q.seq, q.message_id limit 1) first
	), raised as (
		-- low_waiting, where positions begin to count, is moved when it lies more than 10,000 seq (of the whole fleet)
		-- behind the first waiting message, or after it.
		update lane_cursors c set low_waiting = least(lane.first, old) from lane
		where c.agent_id = lane.agent_id and c.rank = lane.rank and (c.low_waiting > lane.first or c.low_waiting < least(lane.first, old) - 10000)
	), up as materialized (
		select n, sum(n) over (order by n, agent_id) as upto, row_number() over (order by n, agent_id) as ord from agent
	)
	insert into queue_totals (made_at, took_ms, lane_agents, lane_ranks, lane_counts, agents, counts, sorted, sums, queued, pending, failed, oldest, waiting_long, mean_ms, upto_seq)
	select clock_timestamp(), extract(epoch from clock_timestamp() - began) * 1000,
		coalesce((select array_agg(agent_id order by agent_id, rank) from lane), '{}'), coalesce((select array_agg(rank order by agent_id, rank) from lane), '{}'),
		coalesce((select array_agg(n order by agent_id, rank) from lane), '{}'),
		coalesce((select array_agg(agent_id order by agent_id) from agent), '{}'), coalesce((select array_agg(n order by agent_id) from agent), '{}'),
		coalesce((select array_agg(n order by ord) from up), '{}'), coalesce((select array_agg(upto order by ord) from up), '{}'),
		coalesce((select sum(n) from agent), 0),
		(select count(*) from queue where state = 'pending' and run_after is not null),
		(select count(*) from queue where state = 'failed'),
		(select min(queued_at) from oldest),
		(select count(*) from (
			select from oldest o cross join lateral (
				select q.queued_at from queue q where q.agent_id = o.agent_id and q.rank = o.rank and q.state in ('ready', 'blocked', 'delayed')
				order by q.seq, q.message_id limit 1000) q
			where o.queued_at < cut and q.queued_at < cut limit 1000) x),
		(select sum(processing_ms) / nullif(sum(completed), 0) from stats_minute where minute > clock_timestamp() - interval '1 h'), newest
	returning id into mine;
	delete from queue_totals where id < mine;
end $$;
