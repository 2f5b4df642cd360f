-- For contexts(): the intent of a question where it is known, {"known": true, "intent", "confidence"}; else how to
-- classify the question, with the key under which settle_batch() stores the result. trouble: some breaker is open, so
-- the breaker of the route is checked.
create or replace function signalbox.intent_for(agent int, message bigint, job uuid, trouble boolean) returns jsonb
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	spec  jsonb := intent_spec(agent);
	asked text := (select intent_text(u.content) from ai_messages m join ai_messages u on u.session_id = m.session_id and u.role = 'user'
	               and u.id <= coalesce(m.reply_to, m.id) where m.id = message order by u.id desc limit 1);
	hash  bytea;
	c     intent_cache;
	r     record;
begin
	if spec is null or asked is null then
		return null;
	end if;
	hash := intent_key(spec, asked);
	select * into c from intent_cache x where x.agent_id = agent and x.key = hash;
	if found then
		return jsonb_build_object('known', true, 'intent', c.intent, 'confidence', c.confidence);
	end if;
	if trouble then
		select * into r from all_routes x where x.agent_id = agent and x.ord = -1;
		if r.is_held and probe_route(agent, job) = -1 then
			spec := jsonb_set(spec, '{route,probe}', 'true');
		elsif r.is_held then
			spec := spec || jsonb_build_object('skip', coalesce(r.reason, 'breaker_open'));
		end if;
	end if;
	return spec || jsonb_build_object('key', encode(hash, 'hex'), 'text', asked);
end $$;
