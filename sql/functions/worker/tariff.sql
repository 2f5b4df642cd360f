-- The price row of a call: by the model that answered, else by the model that was asked for; the newest price valid on
-- that day (UTC). No row: the price is unknown. (No search_path setting, so that it is inlined into the calling
-- statement.)
create or replace function signalbox.tariff(provider text, answered text, asked text, at timestamptz) returns setof signalbox.model_prices
language sql stable as $$
	select p.* from signalbox.model_prices p
	where p.model in (answered, asked) and p.provider in ('', coalesce(tariff.provider, '')) and p.valid_from <= (tariff.at at time zone 'UTC')::date
	order by p.model = answered desc, p.provider desc, p.valid_from desc limit 1;
$$;
grant execute on function signalbox.tariff to signalbox_worker;
