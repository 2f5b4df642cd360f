-- Writes the agent's routes as rows: its own provider and model (ord 0), its chain ("provider:model provider:model …",
-- ord 1 and up), and its intent_model (ord -1).
create or replace function signalbox.set_routes(agent int) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	a    agents;
	r    record;
	who  int;
begin
	select * into a from agents x where x.id = agent;
	delete from agent_routes x where x.agent_id = agent;
	if a.provider_id is not null and a.model is not null then
		insert into agent_routes values (agent, 0, a.provider_id, a.model);
	end if;
	if a.intent_model is not null then
		insert into agent_routes select agent, -1, p.id, w.word[2] from regexp_match(a.intent_model, '^(?:embed:)?([^:]+):(.+)$') w(word) join providers p on p.slug = w.word[1];
	end if;
	for r in select w.word, w.ord from regexp_split_to_table(trim(a.chain), '[\s,]+') with ordinality w(word, ord) where w.word <> '' loop
		if r.word !~ '^[^:]+:.+$' then
			raise exception 'chain is "provider:model provider:model"; % is neither', quote_literal(left(r.word, 80)) using errcode = 'SB004';
		end if;
		select p.id into who from providers p where p.slug = split_part(r.word, ':', 1);
		if not found then
			raise exception 'no provider is called %', quote_literal(left(split_part(r.word, ':', 1), 80)) using errcode = 'SB002';
		end if;
		insert into agent_routes values (agent, r.ord, who, substr(r.word, strpos(r.word, ':') + 1));
	end loop;
end $$;
