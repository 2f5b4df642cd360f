-- Imports a price list in the form that LiteLLM publishes: {"model": {"input_cost_per_token": 3e-06,
-- "litellm_provider": …}}, in USD per token. Prices are valid from a day on (the entry's own "valid_from", else
-- `since`); an import for the same day replaces them, earlier days stay, so that an old bill can be explained.
-- vendor: only the entries of this vendor, for the provider `slug` (null: for whichever provider serves the model).
-- Without vendor: all entries with a plain name, and those named VENDOR/MODEL whose vendor is the slug of a provider
-- here.
-- An entry that is no price does not keep the others out. left_out: everything by which calls are not billed,
-- [{"model", "what", "reason"}]; what: "entry", or the field without which the entry was imported.
create or replace function signalbox.import_prices(list jsonb, source text, since date, vendor text, slug text, actor text)
returns table (imported bigint, passed_over bigint, left_out jsonb)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
begin
	if jsonb_typeof(list) is distinct from 'object' or coalesce(trim(source), '') = '' or since is null then
		raise exception 'a price list is an object of models, and has a source and a day' using errcode = 'SB004';
	end if;
	with entries as (
		select e.key, e.value as v, e.value ->> 'litellm_provider' as vendor, coalesce(e.value ->> 'valid_from', since::text) as day,
			strpos(e.key, '/') > 0 and split_part(e.key, '/', 1) is not distinct from e.value ->> 'litellm_provider' as is_prefixed
		from jsonb_each(list) e
	), chosen as materialized (
		select x.key, x.v, x.is_prefixed, case when x.is_prefixed then substr(x.key, strpos(x.key, '/') + 1) else x.key end as model,
			case when import_prices.vendor is not null then coalesce(import_prices.slug, '') when x.is_prefixed then x.vendor else '' end as provider,
			-- The number of the day is added to the first of the month: the cast of a date that does not exist would
			-- fail.
			case when x.day ~ '^[12][0-9]{3}-(0[1-9]|1[0-2])-[0-3][0-9]$' then (left(x.day, 8) || '01')::date + right(x.day, 2)::int - 1 end as day,
			case when x.key = 'sample_spec' then 'explains the form, and is no model'
			     when jsonb_typeof(x.v) <> 'object' then 'is not an object of fields'
			     when import_prices.vendor is not null and x.vendor is distinct from import_prices.vendor then 'is of another vendor'
			     when import_prices.vendor is null and x.is_prefixed and not exists (select from providers p where p.slug = x.vendor)
			     then 'is of a vendor that is no provider here'
			     when x.key = '' or x.is_prefixed and x.key = x.vendor || '/' then 'has no name' end as bad, x.day as said_day
		from entries x
	), read as materialized (
		select c.*, coalesce(c.bad, case when c.day is null or to_char(c.day, 'YYYY-MM-DD') <> c.said_day then 'valid_from is no day' end, k.bad) as why, k.prices, k.left_out
		from chosen c left join lateral price_columns(c.v) k on c.bad is null
	), first as materialized (
		select r.*, row_number() over (partition by r.why, r.model, r.provider, r.day order by r.is_prefixed, r.key) as nth from read r
	), done as (
		insert into model_prices as p
			select m.* from first f cross join lateral jsonb_populate_record(null::model_prices, f.prices || jsonb_build_object('model', f.model, 'provider', f.provider,
				'valid_from', f.day, 'source', left(coalesce(f.v ->> 'source', import_prices.source), 300),
				'context_tokens', case when jsonb_typeof(f.v -> 'max_input_tokens') = 'number' and (f.v ->> 'max_input_tokens')::numeric between 1 and 2147483647
					then floor((f.v ->> 'max_input_tokens')::numeric) end,
				'has_tools', case when jsonb_typeof(f.v -> 'supports_function_calling') = 'boolean' then f.v -> 'supports_function_calling' end)) m
			where f.why is null and f.nth = 1
		on conflict (model, provider, valid_from) do update set input_pico = excluded.input_pico, output_pico = excluded.output_pico,
			cache_read_pico = excluded.cache_read_pico, cache_write_pico = excluded.cache_write_pico, cache_write_1h_pico = excluded.cache_write_1h_pico,
			reasoning_pico = excluded.reasoning_pico, audio_input_pico = excluded.audio_input_pico, audio_output_pico = excluded.audio_output_pico,
			variants = excluded.variants, context_tokens = excluded.context_tokens, has_tools = excluded.has_tools, source = excluded.source
		returning 1
	), dropped as (
		select f.key, 'entry' as what, coalesce(f.why, 'another entry is the same model, of the same provider and day') as reason from first f where f.why is not null or f.nth > 1
		union all
		select f.key, x.what, x.reason from first f cross join lateral jsonb_to_recordset(f.left_out) x(what text, reason text) where f.why is null and f.nth = 1
	)
	select (select count(*) from done), count(*) filter (where d.what = 'entry'),
		coalesce(jsonb_agg(jsonb_build_object('model', d.key, 'what', d.what, 'reason', d.reason) order by d.key, d.what), '[]')
		into imported, passed_over, left_out from dropped d;
	perform log_action(actor, 'prices_import', null, null, source, null, jsonb_build_object('since', since, 'vendor', vendor, 'provider', slug,
		'imported', imported, 'left_out', passed_over));
	return next;
end $$;
grant execute on function signalbox.import_prices to signalbox_admin;
