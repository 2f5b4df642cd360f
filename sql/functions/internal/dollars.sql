-- What a vendor says that a call cost, in pico-USD: null, unknown, where no call can cost that (a thousand dollars).
create or replace function signalbox.dollars(pico bigint) returns bigint
language sql immutable as $$ select case when pico between 0 and 1000000000000000 then pico end $$;
