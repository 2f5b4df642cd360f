-- pico-USD as a number of dollars, without trailing zeros. Null stays null: an unknown price is not a price of 0.
create or replace function signalbox.usd(pico numeric) returns numeric
language sql immutable parallel safe as $$
	select trim_scale(pico / 1000000000000);
$$;
grant execute on function signalbox.usd to signalbox_viewer;
