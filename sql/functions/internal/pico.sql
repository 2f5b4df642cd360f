-- A price in USD a token, as a JSON number or such a number in a string, in pico-USD; what is finer than that is rounded up (but for what a double's last
-- digits leave behind). Null where it is none: not a number, below 0, or above a dollar, for a token never cost that, but a million tokens do.
create or replace function signalbox.pico(usd jsonb) returns bigint
language sql immutable as $$
	select case when x.n between 0 and 1 then ceil(round(x.n * 1000000000000, 6))::bigint end
	from (select case when jsonb_typeof(usd) = 'number' or jsonb_typeof(usd) = 'string'
		and usd #>> '{}' ~ '^\s*[+-]?([0-9]{1,40}[.]?|[0-9]{0,40}[.][0-9]{1,40})([eE][+-]?[0-9]{1,3})?\s*$' then (usd #>> '{}')::numeric end as n) x;
$$;
