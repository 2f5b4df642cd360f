-- The cost of a call as its vendor reports it, in pico-USD: null (unknown) where no call can cost that much (over 1,000
-- USD).
create or replace function signalbox.dollars(pico bigint) returns bigint
language sql immutable as $$ select case when pico between 0 and 1000000000000000 then pico end $$;
