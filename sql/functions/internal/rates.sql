-- A price row as it holds for a call: with the prices of its variant for the tier that served the call and for its
-- number of input tokens. The threshold counts before the tier: above a threshold, a tier without a price of its own
-- there has the plain price, as below the threshold. A tier that is not listed is the standard one.
create or replace function signalbox.rates(p signalbox.model_prices, tier text, input int) returns signalbox.model_prices
language plpgsql immutable as $$
declare
	best jsonb;
	high int := -2;
	v    jsonb;
	a    int;
begin
	-- A loop: a query would take longer than all of price().
	for i in 0 .. jsonb_array_length(p.variants) - 1 loop
		v := p.variants -> i;
		a := coalesce((v ->> 'above')::int, -1);
		if a < coalesce(input, 0) and (v ->> 'tier' is null or v ->> 'tier' = lower(tier)) and (a > high or a = high and v ? 'tier') then
			best := v;
			high := a;
		end if;
	end loop;
	return case when best is null then p else jsonb_populate_record(p, best) end;
end $$;
