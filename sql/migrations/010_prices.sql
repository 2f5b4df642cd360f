-- Prices as lists say them: by tier of service and above any number of tokens, for audio and for reasoning; and what is unknown stays unknown.

-- output_pico: null: unknown, which is not 0. A null price of cached, written or reasoning tokens is that of plain input or output; one of audio is unknown.
-- variants: prices that hold instead of the row's own: [{"tier": "flex", "above": 200000, "input_pico": …, …}]. above: for calls of more input tokens than
-- that, wholly; tier: for calls that were served so; what a variant does not name is the row's own. rates() chooses one.
alter table model_prices
	alter column output_pico drop not null,
	add column reasoning_pico bigint check (reasoning_pico >= 0),
	add column audio_input_pico bigint check (audio_input_pico >= 0),
	add column audio_output_pico bigint check (audio_output_pico >= 0),
	-- A row that no call could be priced by must not come in: it would stop the settling of others.
	add column variants jsonb constraint variants_are_prices check (jsonb_typeof(variants) = 'array'
		and not variants @? '$[*] ? (@.type() != "object")'
		and not variants @? '$[*].keyvalue() ? (!(@.key == "tier" && @.value.type() == "string"
			|| @.key == "above" && @.value.type() == "number" && @.value >= 0 && @.value <= 2147483646 && @.value.floor() == @.value
			|| @.key like_regex "^(input|output|cache_read|cache_write|cache_write_1h|reasoning|audio_input|audio_output)_pico$"
				&& @.value.type() == "number" && @.value >= 0 && @.value <= 9000000000000000000 && @.value.floor() == @.value))');
update model_prices set variants = jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('above', long_tokens - 1, 'input_pico', long_input_pico,
		'output_pico', long_output_pico, 'cache_read_pico', long_cache_read_pico)))
	where long_tokens is not null;
alter table model_prices drop column long_tokens, drop column long_input_pico, drop column long_output_pico, drop column long_cache_read_pico;

-- What a call's price depends on besides its model: a bill can be explained, and priced anew. service_tier: as the provider said it; null: the standard one.
alter table ai_costs add column service_tier text, add column tokens_audio_in int, add column tokens_audio_out int;
alter type settle_record add attribute service_tier text, add attribute tokens_audio_in int, add attribute tokens_audio_out int;
drop function if exists signalbox.price(signalbox.model_prices, int, int, int, int, int);
