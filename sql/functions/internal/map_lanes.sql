-- Maps the lanes with more than 1,000 waiting messages: every 256th waiting message, and how many wait before it. The
-- map of a lane is made again after twenty times its last duration, so a lane of a million takes no larger share of the
-- time than a lane of a thousand.
create or replace function signalbox.map_lanes() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	l     record;
	began timestamptz;
	until timestamptz := clock_timestamp() + interval '500 ms';
begin
	delete from lane_maps m where not exists (
		select from queue_totals t cross join lateral unnest(t.lane_agents, t.lane_ranks, t.lane_counts) u(agent_id, rank, n)
		where u.agent_id = m.agent_id and u.rank = m.rank and u.n > 1000);
	for l in
		select u.agent_id, u.rank from queue_totals t cross join lateral unnest(t.lane_agents, t.lane_ranks, t.lane_counts) u(agent_id, rank, n)
		left join lane_maps m on m.agent_id = u.agent_id and m.rank = u.rank
		where u.n > 1000 and (m.made_at is null or m.made_at + make_interval(secs => greatest(0.9, m.took_ms * 20 / 1000.0)) < clock_timestamp())
		order by m.made_at nulls first loop
		began := clock_timestamp();
		exit when began > until;
		insert into lane_maps as old (agent_id, rank, seqs, before, made_at, took_ms)
			select l.agent_id, l.rank, array_agg(x.seq order by x.n), array_agg(x.n order by x.n), began, extract(epoch from clock_timestamp() - began) * 1000
			from (select q.seq, (row_number() over (order by q.seq, q.message_id) - 1)::int as n from queue q
			      where q.agent_id = l.agent_id and q.rank = l.rank and q.state in ('ready', 'blocked', 'delayed')) x
			where x.n % 256 = 0 having count(*) > 0
			on conflict (agent_id, rank) do update set seqs = excluded.seqs, before = excluded.before, made_at = excluded.made_at,
				took_ms = extract(epoch from clock_timestamp() - began) * 1000;
	end loop;
end $$;
