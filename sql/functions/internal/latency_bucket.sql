-- The bucket of a duration: four buckets for each doubling, so a bucket is 19 % wide. Bucket 1 holds durations under 10
-- ms, bucket i those under 10 * 2^((i-1)/4) ms, bucket 80 (two and a half hours) all longer ones. (No search_path
-- setting, so that it is inlined.)
create or replace function signalbox.latency_bucket(ms double precision) returns int
language sql immutable as $$
	select case when ms < 10 then 1 else least(80, 2 + floor(4 * ln(ms / 10) / ln(2::float8)))::int end;
$$;
