-- The records without impossible values: such counts and vendor's costs become unknown, times are brought into their
-- bounds. (For the calls of a chain settle_chain() does the same.)
create or replace function signalbox.settle_sane(recs signalbox.settle_record[]) returns signalbox.settle_record[]
language plpgsql immutable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	sane settle_record[] := '{}';
	r    settle_record;
begin
	foreach r in array recs loop
		r.tokens_prompt := tokens(r.tokens_prompt);
		r.tokens_completion := tokens(r.tokens_completion);
		r.tokens_cached := tokens(r.tokens_cached);
		r.tokens_cache_write := tokens(r.tokens_cache_write);
		r.tokens_cache_write_1h := tokens(r.tokens_cache_write_1h);
		r.tokens_reasoning := tokens(r.tokens_reasoning);
		r.tokens_audio_in := tokens(r.tokens_audio_in);
		r.tokens_audio_out := tokens(r.tokens_audio_out);
		r.vendor_cost_pico := dollars(r.vendor_cost_pico);
		r.ttft_ms := greatest(r.ttft_ms, 0);
		r.generation_ms := greatest(r.generation_ms, 0);
		r.wait_ms := greatest(0, least(r.wait_ms, 86400000));
		r.n_calls := greatest(0, least(r.n_calls, 1000));
		sane := sane || r;
	end loop;
	return sane;
end $$;
