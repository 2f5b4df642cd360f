-- A count of tokens as a worker reports it: null (unknown) where no call can have used so many (below 0, or over 20
-- million).
create or replace function signalbox.tokens(n bigint) returns int
language sql immutable as $$ select case when n between 0 and 20000000 then n end::int $$;
