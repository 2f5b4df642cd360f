-- By agent, the median and the 95th percentile of the processing times, in seconds, of messages completed since a
-- moment (rounded down to the beginning of its slot). Within a bucket (latency_bucket.sql) the messages are assumed to
-- lie evenly on its logarithmic scale, so the error is less than its width of 19 %.
create or replace function signalbox.latency_quantiles(since timestamptz) returns table (agent_id int, p50_seconds numeric, p95_seconds numeric)
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: nestloop, no_jit
	with counts as (
		select l.agent_id, c.i, sum(c.n)::float8 as n from latencies l cross join lateral unnest(l.counts) with ordinality c(n, i)
		where l.slot >= date_bin('5 min', since, timestamptz '2000-01-01 00:00+00') and c.n > 0 group by 1, 2
	), sums as (
		select c.*, sum(c.n) over (partition by c.agent_id order by c.i) as upto, sum(c.n) over (partition by c.agent_id) as total from counts c
	), found as (
		select s.agent_id, q.p, round((0.01 * 2 ^ ((s.i - 2 + (q.p * s.total - s.upto + s.n) / s.n) / 4))::numeric, 3) as seconds
		from sums s join (values (0.5::float8), (0.95::float8)) q(p) on s.upto >= q.p * s.total and s.upto - s.n < q.p * s.total
	)
	select f.agent_id, max(f.seconds) filter (where f.p = 0.5), max(f.seconds) filter (where f.p = 0.95) from found f group by 1;
$$;
