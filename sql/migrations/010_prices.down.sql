-- Back to one threshold. What is of unknown output price goes: 0, as it was before, is a price. Of tiers and further thresholds nothing is kept.
alter table model_prices
	add column long_tokens int check (long_tokens > 0),
	add column long_input_pico bigint check (long_input_pico >= 0),
	add column long_output_pico bigint check (long_output_pico >= 0),
	add column long_cache_read_pico bigint check (long_cache_read_pico >= 0);
update model_prices p set long_tokens = v.above + 1, long_input_pico = v.input_pico, long_output_pico = v.output_pico, long_cache_read_pico = v.cache_read_pico
	from model_prices o cross join lateral (
		select x.* from jsonb_to_recordset(o.variants) x(tier text, above int, input_pico bigint, output_pico bigint, cache_read_pico bigint)
		where x.tier is null and x.above is not null order by x.above limit 1) v
	where o.variants is not null and p.model = o.model and p.provider = o.provider and p.valid_from = o.valid_from;
delete from model_prices where output_pico is null;
alter table model_prices alter column output_pico set not null, drop column reasoning_pico, drop column audio_input_pico, drop column audio_output_pico,
	drop column variants;
alter table ai_costs drop column service_tier, drop column tokens_audio_in, drop column tokens_audio_out;
alter type settle_record drop attribute service_tier, drop attribute tokens_audio_in, drop attribute tokens_audio_out;
drop function if exists signalbox.price(signalbox.model_prices, int, int, int, int, int, int, int, int, text);
