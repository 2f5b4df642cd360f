-- A price in USD a token, as a JSON number, in pico-USD; what is finer than that is rounded up. Null stays null.
create or replace function signalbox.pico(usd jsonb) returns bigint
language sql immutable as $$
	select case when jsonb_typeof(usd) = 'number' then ceil((usd #>> '{}')::numeric * 1000000000000)::bigint end;
$$;
