-- What the calls in public.asked and public.answered (harness: load_log) must have cost, in pico-USD: one row a call, in the provider's own words.
-- Nothing of sql/functions is used; prices stand here again, in dollars per million tokens.
--
-- Where the provider never told its counts (the stream broke off before them, or [[nousage]]), ours are estimates, and are held to their rule: output is a
-- quarter of the bytes of text that came, rounded up; input is a quarter of the request's bytes, which is how the scripted provider counts anyway.
-- Words are as compose() of the scripted provider makes them: the greeting, the question without its [[words]], then word1 word2 …
create temp table bill as
with price(model, input, cached, output, long_from, long_input, long_output) as (values
	('b-ollama', 0.02, 0.02, 0.02, null::int, null::numeric, null::numeric),
	('b-openai', 2.50, 1.25, 10, null, null, null),
	('b-anthropic', 3.00, 0.30, 15, null, null, null),
	('b-gemini', 1.25, 0.125, 10, 200, 2.50, 15)
), call as (
	select a.n, a.name, a.model, a.completion_tokens, a.cached_tokens, a.prompt_tokens, a."end", r.protocol, r.text,
		coalesce(substring(r.text from 'words=([0-9]+)')::int, 0) as n_words
	from public.answered a join public.asked r using (n) where a.status = 200
	-- A body that is an error and nothing else, and no stream of events: nothing was generated, and nothing is billed.
	and not (r.protocol = 'ollama' and r.text ~ 'errormid=0')
), heard as (
	select c.*, octet_length(coalesce((select string_agg(w || ' ', '' order by i) from string_to_table('[practice] No model wrote this. You said: '
			|| regexp_replace(c.text, '^\[\[[^]]*\]\] *', '') || (select coalesce(string_agg(' word' || k, '' order by k), '') from generate_series(1, c.n_words) k), ' ')
			with ordinality t(w, i) where i <= c.completion_tokens and c."end" <> 'whole'), '')) as bytes,
		-- Who had told the input before the end: Anthropic tells it first, if it begins at all.
		"end" = 'whole' and text !~ 'nousage' as told_all, protocol = 'anthropic' and text !~ '(nousage|end=0|errormid=0)' as told_input,
		-- Nothing was said: the log counts one token all the same.
		text ~ '(end|errormid)=0' as said_nothing
	from call c
), counted as (
	select h.*, h.prompt_tokens as input, case when told_all or told_input then h.cached_tokens else 0 end as cached,
		case when told_all then h.completion_tokens when said_nothing then 0
		     when "end" = 'whole' then (octet_length('[practice] No model wrote this. You said: ' || regexp_replace(h.text, '^\[\[[^]]*\]\] *', '')
			|| (select coalesce(string_agg(' word' || k, '' order by k), '') from generate_series(1, h.n_words) k)) + 3) / 4
		     else (bytes + 3) / 4 end as output
	from heard h
)
select c.n, c.name, c.model, c.input, c.cached, c.output, c."end", not c.told_all as is_estimated,
	((c.input - c.cached) * case when c.input >= p.long_from then p.long_input else p.input end
	 + c.cached * p.cached + c.output * case when c.input >= p.long_from then p.long_output else p.output end) * 1000000 as pico
from counted c left join price p using (model);
