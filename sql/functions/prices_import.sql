-- Takes in a price list in the form that LiteLLM publishes: {"model": {"input_cost_per_token": 3e-06, "litellm_provider": …}}, USD a token. Prices hold
-- from a day on (an entry's own "valid_from", else `since`); the same day again replaces, earlier days stay, so that an old bill can be explained.
-- vendor: only its entries, for the provider `slug` (null: whoever serves the model). Without it: all entries of a plain name, and those
-- named VENDOR/MODEL whose vendor is the slug of a provider here.
create or replace function signalbox.prices_import(list jsonb, source text, since date, vendor text, slug text, actor text)
returns table (imported bigint, passed_over bigint)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if jsonb_typeof(list) <> 'object' or coalesce(trim(source), '') = '' then
		raise exception 'a price list is an object of models, and has a source' using errcode = 'SB004';
	end if;
	return query
	with entries as (
		select e.key, e.value as v, e.value ->> 'litellm_provider' as vendor, strpos(e.key, '/') > 0 and split_part(e.key, '/', 1) = e.value ->> 'litellm_provider' as is_prefixed
		from jsonb_each(list) e where jsonb_typeof(e.value) = 'object' and jsonb_typeof(e.value -> 'input_cost_per_token') = 'number'
	), chosen as (
		select case when x.is_prefixed then substr(x.key, strpos(x.key, '/') + 1) else x.key end as model,
			case when prices_import.vendor is not null then coalesce(prices_import.slug, '') when x.is_prefixed then x.vendor else '' end as provider, x.v
		from entries x
		where case when prices_import.vendor is not null then x.vendor = prices_import.vendor
		      else not x.is_prefixed or exists (select from providers p where p.slug = x.vendor) end
	), done as (
		insert into model_prices as p (model, provider, valid_from, input_pico, output_pico, cache_read_pico, cache_write_pico, cache_write_1h_pico,
			long_tokens, long_input_pico, long_output_pico, long_cache_read_pico, context_tokens, has_tools, source)
		select distinct on (c.model, c.provider, coalesce((c.v ->> 'valid_from')::date, since)) c.model, c.provider, coalesce((c.v ->> 'valid_from')::date, since),
			pico(c.v -> 'input_cost_per_token'), coalesce(pico(c.v -> 'output_cost_per_token'), 0), pico(c.v -> 'cache_read_input_token_cost'),
			pico(c.v -> 'cache_creation_input_token_cost'), pico(c.v -> 'cache_creation_input_token_cost_above_1hr'),
			case when c.v ? 'input_cost_per_token_above_200k_tokens' then 200001 end, pico(c.v -> 'input_cost_per_token_above_200k_tokens'),
			pico(c.v -> 'output_cost_per_token_above_200k_tokens'), pico(c.v -> 'cache_read_input_token_cost_above_200k_tokens'),
			case when jsonb_typeof(c.v -> 'max_input_tokens') = 'number' then nullif((c.v ->> 'max_input_tokens')::numeric::int, 0) end,
			case when jsonb_typeof(c.v -> 'supports_function_calling') = 'boolean' then (c.v ->> 'supports_function_calling')::boolean end,
			left(coalesce(c.v ->> 'source', prices_import.source), 300)
		from chosen c order by 1, 2, 3
		on conflict (model, provider, valid_from) do update set input_pico = excluded.input_pico, output_pico = excluded.output_pico,
			cache_read_pico = excluded.cache_read_pico, cache_write_pico = excluded.cache_write_pico, cache_write_1h_pico = excluded.cache_write_1h_pico,
			long_tokens = excluded.long_tokens, long_input_pico = excluded.long_input_pico, long_output_pico = excluded.long_output_pico,
			long_cache_read_pico = excluded.long_cache_read_pico, context_tokens = excluded.context_tokens, has_tools = excluded.has_tools, source = excluded.source
		returning 1
	)
	select (select count(*) from done), (select count(*) from jsonb_each(list)) - (select count(*) from chosen);
	perform log_action(actor, 'prices_import', null, null, source, null, jsonb_build_object('since', since, 'vendor', vendor, 'provider', slug));
exception when check_violation or not_null_violation or numeric_value_out_of_range then
	raise exception 'a price in the list is no price: %', sqlerrm using errcode = 'SB004';
end $$;
