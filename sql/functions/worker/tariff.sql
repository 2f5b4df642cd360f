-- The price row of a call: by the model that answered, else by the one asked for; the newest price valid that day. No row: unknown. (Without a search_path of its own:
-- it becomes a part of the statement that asks.)
create or replace function signalbox.tariff(provider text, answered text, asked text, at timestamptz) returns setof signalbox.model_prices
language sql stable as $$
	select p.* from signalbox.model_prices p
	where p.model in (answered, asked) and p.provider in ('', coalesce(tariff.provider, '')) and p.valid_from <= (tariff.at at time zone 'UTC')::date
	order by p.model = answered desc, p.provider desc, p.valid_from desc limit 1;
$$;
grant execute on function signalbox.tariff to signalbox_worker;
