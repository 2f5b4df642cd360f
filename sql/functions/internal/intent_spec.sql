-- How an agent's questions are classified, as the worker reads it (worker/llm/intent.c); null where they are not.
--   {"way": "chat" | "embed", "version", "threshold", "max_tokens", "labels": [{"label", "description", "examples"}],
--    "prompt", "schema",
--    "route": {"provider", "protocol", "base_url", "key_env", "header", "query", "model"}}
-- version: a hash of everything that a result depends on except the text and the model. It is computed only here.
create or replace function signalbox.intent_spec(agent int) returns jsonb
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select x.doc || jsonb_build_object('version', encode(sha256(convert_to(x.doc::text, 'UTF8')), 'hex'), 'threshold', x.intent_threshold,
		'max_tokens', 200 + 40 * jsonb_array_length(x.doc -> 'labels'), 'route', x.route)
	from (
		select jsonb_build_object('way', w.way,
				'labels', (select jsonb_agg(jsonb_build_object('label', i.label, 'description', i.description, 'examples', i.examples) order by i.ord)
				           from agent_intents i where i.agent_id = a.id))
			|| case when w.way = 'chat' then jsonb_build_object('prompt', intent_prompt(a.id),
				'schema', (select json_build_object('type', 'object', 'additionalProperties', false, 'required', json_build_array('scores'), 'properties',
					json_build_object('scores', json_build_object('type', 'object', 'additionalProperties', false, 'required', json_agg(i.label order by i.ord),
						'properties', json_object_agg(i.label, json_build_object('type', 'number') order by i.ord))))::text
				           from agent_intents i where i.agent_id = a.id)) else '{}' end as doc,
			a.intent_threshold,
			jsonb_build_object('provider', p.slug, 'protocol', p.protocol, 'base_url', p.base_url, 'key_env', p.key_env, 'header', p.header, 'query', p.query, 'model', r.model) as route
		from agents a cross join lateral (select case when a.intent_model like 'embed:%' then 'embed' else 'chat' end as way) w
		join agent_routes r on r.agent_id = a.id and r.ord = -1 join providers p on p.id = r.provider_id
		where a.id = agent and exists (select from agent_intents i where i.agent_id = a.id)) x;
$$;
