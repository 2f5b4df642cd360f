-- Two rows of counts added up, bucket by bucket.
create or replace function signalbox.add_counts(a int[], b int[]) returns int[]
language sql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
	select array(select coalesce(x.a, 0) + coalesce(x.b, 0) from unnest(a, b) with ordinality x(a, b, i) order by x.i);
$$;
