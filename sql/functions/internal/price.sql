-- What a call cost, in pico-USD (1e-12 USD), exactly. input includes cached, cache_write and audio_in; cache_write
-- includes cache_write_1h; output includes reasoning and audio_out. A kind of token without a price of its own has the
-- price of plain input, or of output; but audio is not text: without a price of its own it is unknown. Null where a
-- price or a count is unknown; 0 tokens cost 0, whatever the price. Where the counts say that more was cached than was
-- sent, plain input counts as 0. At most 9e18 (nine million dollars), which fits a bigint: an absurd price must not
-- stop the settling of others.
-- (Plain expressions without a query, and a separate path for the common call: settle_batch() calls it for each
-- message. No default arguments: after a down migration another form of this function may exist.)
create or replace function signalbox.price(p signalbox.model_prices, input int, cached int, cache_write int, cache_write_1h int, output int,
	reasoning int, audio_in int, audio_out int, tier text) returns bigint
language plpgsql immutable as $$
declare
	pico numeric;
begin
	if p.variants is null and coalesce(cached, 0) = 0 and coalesce(cache_write, 0) = 0 and coalesce(cache_write_1h, 0) = 0 and coalesce(reasoning, 0) = 0
			and coalesce(audio_in, 0) = 0 and coalesce(audio_out, 0) = 0 and input >= 0 and output >= 0 then    -- the same sum without the terms that are 0
		pico := input::numeric * p.input_pico + case when output = 0 then 0 else output::numeric * p.output_pico end;
		return case when pico > 9e18 then 9e18 else pico end;
	end if;
	declare
		r       signalbox.model_prices := case when p.variants is null then p else signalbox.rates(p, tier, input) end;
		n_read  bigint := coalesce(cached, 0);
		n_write bigint := coalesce(cache_write, 0);
		n_hour  bigint := coalesce(cache_write_1h, 0);
		n_heard bigint := coalesce(audio_in, 0);
		n_input bigint := greatest(input - n_read - n_write - n_heard, case when input is not null then 0 end);
		n_think bigint := coalesce(reasoning, 0);
		n_said  bigint := coalesce(audio_out, 0);
		n_text  bigint := greatest(output - n_think - n_said, case when output is not null then 0 end);
	begin
		pico := n_input::numeric * r.input_pico + n_read::numeric * coalesce(r.cache_read_pico, r.input_pico)
			+ greatest(n_write - n_hour, 0)::numeric * coalesce(r.cache_write_pico, r.input_pico)
			+ n_hour::numeric * coalesce(r.cache_write_1h_pico, r.cache_write_pico, r.input_pico)
			+ case when n_heard = 0 then 0 else n_heard::numeric * r.audio_input_pico end
			+ case when n_text = 0 then 0 else n_text::numeric * r.output_pico end
			+ case when n_think = 0 then 0 else n_think::numeric * coalesce(r.reasoning_pico, r.output_pico) end
			+ case when n_said = 0 then 0 else n_said::numeric * r.audio_output_pico end;
		return case when pico > 9e18 then 9e18 else pico end;
	end;
end $$;
