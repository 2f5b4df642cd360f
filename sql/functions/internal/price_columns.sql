-- An entry of a price list as columns of model_prices, with a variant for each threshold and each tier that it names,
-- and for both together. Each kind of price is looked up by itself: under the highest threshold that is passed, there
-- in the tier and then without a tier, then under the next lower threshold. Reasoning is a kind of output and the
-- one-hour cache a kind of cache: where only the general price is listed, it holds for both.
-- bad: why calls cannot be billed by the entry, prices is null then; left_out: its fields by which calls are not
-- billed, [{"what", "reason"}]. (No search_path setting, so that it is inlined into the calling statement.)
create or replace function signalbox.price_columns(entry jsonb) returns table (prices jsonb, bad text, left_out jsonb)
language sql immutable as $$
	with f as materialized (
		select x.*, case when x.col is not null then pico(x.usd) end as pico from price_fields(entry) x
	), levels as (
		select t.tier, a.above from (select '' as tier union select f.tier from f where f.col is not null) t
		cross join (select 0 as above union select f.above from f where f.col is not null) a
	), found as (
		select l.tier, l.above, jsonb_object_agg(k.col, x.pico) as doc
		from levels l cross join (select distinct f.col from f where f.col is not null) k cross join lateral (
			select f.pico from f
			where f.col in (k.col, case k.col when 'reasoning_pico' then 'output_pico' when 'cache_write_1h_pico' then 'cache_write_pico' end)
				and f.tier in ('', l.tier) and f.above <= l.above
			order by f.above desc, f.tier = l.tier desc, f.col = k.col desc, f.rank limit 1) x
		group by l.tier, l.above
	), wrong as (
		select coalesce((select f.field || ' ' || coalesce(f.reason, 'is no price of a token: not a number of dollars from 0 to 1') from f
		                 where f.col is not null and f.pico is null order by f.field limit 1),
			case when not exists (select from f where f.col = 'input_pico' and f.tier = '' and f.above = 0) then 'has no price of input tokens' end) as why
	)
	select case when w.why is null then (select n.doc from found n where n.tier = '' and n.above = 0) || coalesce((
			select jsonb_build_object('variants', jsonb_agg(n.doc || jsonb_strip_nulls(jsonb_build_object('tier', nullif(n.tier, ''), 'above', nullif(n.above, 0)))
				order by n.tier, n.above))
			from found n where (n.tier, n.above) <> ('', 0) having count(*) > 0), '{}') end,
		w.why, (select jsonb_agg(jsonb_build_object('what', f.field, 'reason', f.reason) order by f.field) from f where f.col is null)
	from wrong w;
$$;
