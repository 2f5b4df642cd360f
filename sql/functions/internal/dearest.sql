-- The highest price of one token of a prompt, and of one token of an answer, in a price row, whatever happens to the
-- call: cached or written, in any tier, above any threshold. What is sent is text. Null: unknown. (No search_path
-- setting, so that it is inlined into the calling statement.)
create or replace function signalbox.dearest(p signalbox.model_prices) returns table (input bigint, output bigint)
language sql stable as $$
	select max(greatest(v.input_pico, v.cache_read_pico, v.cache_write_pico, v.cache_write_1h_pico)),
		case when (p).output_pico is not null then max(greatest(v.output_pico, v.reasoning_pico, v.audio_output_pico)) end
	from (select (p).* union all select r.* from jsonb_array_elements((p).variants) e cross join lateral jsonb_populate_record(p, e) r) v;
$$;
