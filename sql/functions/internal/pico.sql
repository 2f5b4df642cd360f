-- A price in USD per token, given as a JSON number or as a string with such a number, in pico-USD; a smaller fraction
-- is rounded up (after errors in the last digits of a double are rounded away). Null where it is no price: not a
-- number, below 0, or above one dollar, which no token ever cost, but a million tokens do.
create or replace function signalbox.pico(usd jsonb) returns bigint
language sql immutable as $$
	select case when x.n between 0 and 1 then ceil(round(x.n * 1000000000000, 6))::bigint end
	from (select case when jsonb_typeof(usd) = 'number' or jsonb_typeof(usd) = 'string'
		and usd #>> '{}' ~ '^\s*[+-]?([0-9]{1,40}[.]?|[0-9]{0,40}[.][0-9]{1,40})([eE][+-]?[0-9]{1,3})?\s*$' then (usd #>> '{}')::numeric end as n) x;
$$;
