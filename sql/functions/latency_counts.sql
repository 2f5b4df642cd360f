-- Durations to counts by bucket, as long as the last bucket that has any.
create or replace function signalbox.latency_counts(ms double precision[]) returns int[]
language sql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
	with b as materialized (select latency_bucket(m) as i from unnest(ms) m)
	select array(select count(b.i)::int from generate_series(1, (select max(i) from b)) g left join b on b.i = g group by g order by g);
$$;
