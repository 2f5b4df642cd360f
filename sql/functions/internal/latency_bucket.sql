-- The bucket of a duration: four to each doubling, so a bucket is 19 % wide. 1 holds what is under 10 ms, i what is under 10 * 2^((i-1)/4) ms, 80 (two
-- and a half hours) all that is longer. (Without a search_path of its own: it is inlined where it is called.)
create or replace function signalbox.latency_bucket(ms double precision) returns int
language sql immutable as $$
	select case when ms < 10 then 1 else least(80, 2 + floor(4 * ln(ms / 10) / ln(2::float8)))::int end;
$$;
