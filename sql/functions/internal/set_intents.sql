-- Sets the keys intents, intent_model and intent_threshold of agent_set(). intents: lines "label: description", or a
-- JSON array of {"label", "description", "examples": [...]}; empty: none. Without both intents and intent_model nothing
-- is classified. SB004: bad value; SB002: no such provider; SB003: the database is not UTF8.
create or replace function signalbox.set_intents(agent int, changes jsonb) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	word text := changes ->> 'intents';
	list jsonb;
	who  text[];
begin
	if changes ? 'intent_model' then
		if changes ->> 'intent_model' is not null then
			who := regexp_match(changes ->> 'intent_model', '^(?:embed:)?([^:]+):(.+)$');
			if who is null then
				raise exception 'intent_model is "provider:model" or "embed:provider:model"' using errcode = 'SB004';
			elsif not exists (select from providers p where p.slug = who[1]) then
				raise exception 'no provider is called %', quote_literal(left(who[1], 80)) using errcode = 'SB002';
			elsif changes ->> 'intent_model' like 'embed:%' and exists (select from providers p where p.slug = who[1] and p.protocol in ('anthropic', 'null')) then
				raise exception 'the protocol of % has no embeddings', quote_literal(who[1]) using errcode = 'SB004';
			elsif getdatabaseencoding() <> 'UTF8' then
				raise exception 'texts are compared as Unicode; this database is %', getdatabaseencoding() using errcode = 'SB003';
			end if;
		end if;
		update agents set intent_model = changes ->> 'intent_model' where id = agent;
	end if;
	if changes ? 'intent_threshold' then
		update agents set intent_threshold = coalesce((changes ->> 'intent_threshold')::real, 0.2) where id = agent;
		delete from intent_cache c where c.agent_id = agent;    -- stored results used the old threshold
	end if;
	if not changes ? 'intents' then
		return;
	end if;
	if jsonb_typeof(changes -> 'intents') = 'array' then
		list := changes -> 'intents';
	elsif word ~ '^\s*\[' then
		list := word::jsonb;
	else
		select coalesce(jsonb_agg(jsonb_build_object('label', btrim(split_part(l.line, ':', 1)), 'description', btrim(substr(l.line, strpos(l.line, ':') + 1)),
				'no_colon', strpos(l.line, ':') = 0) order by l.ord), '[]') into list
			from regexp_split_to_table(word, '[\r\n]+') with ordinality l(line, ord) where btrim(l.line) <> '';
	end if;
	if jsonb_array_length(list) = 1 or jsonb_array_length(list) > 100 then
		raise exception 'intents are 2 to 100 labels, or none' using errcode = 'SB004';
	elsif exists (select from jsonb_array_elements(list) e where coalesce(btrim(e ->> 'label'), '') = '' or coalesce(btrim(e ->> 'description'), '') = ''
			or (e ->> 'no_colon')::boolean or jsonb_typeof(coalesce(e -> 'examples', '[]')) <> 'array') then
		raise exception 'intents are lines "label: description", or [{"label": "...", "description": "...", "examples": ["..."]}]' using errcode = 'SB004';
	elsif octet_length(list::text) > 200000 or exists (select from jsonb_array_elements(list) e where jsonb_array_length(coalesce(e -> 'examples', '[]')) > 50) then
		raise exception 'intents are at most 200000 bytes, with 50 examples each' using errcode = 'SB004';
	end if;
	delete from agent_intents i where i.agent_id = agent;
	insert into agent_intents (agent_id, ord, label, description, examples)
		select agent, e.ord, btrim(e.value ->> 'label'), btrim(e.value ->> 'description'),
			array(select btrim(x) from jsonb_array_elements_text(coalesce(e.value -> 'examples', '[]')) x where btrim(x) <> '')
		from jsonb_array_elements(list) with ordinality e(value, ord);
exception when unique_violation then
	raise exception 'a label stands twice in intents' using errcode = 'SB004';
end $$;
