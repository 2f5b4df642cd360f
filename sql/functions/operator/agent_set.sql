-- Creates or changes an agent; {"model": null} removes a value. SB004: unknown key or bad value; SB002: no such
-- provider.
create or replace function signalbox.agent_set(slug text, changes jsonb, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_variable
declare
	keys  constant text[] := array['name', 'provider', 'model', 'system_prompt', 'context_window_size', 'rate_limit_per_min',
		'concurrency_limit', 'budget_day', 'budget_month', 'max_tokens', 'tools', 'chain', 'on_cut', 'budget_soft', 'type', 'tokens_per_min',
		'intents', 'intent_model', 'intent_threshold', 'temperature', 'top_p', 'reasoning', 'retries', 'first_byte_timeout', 'calculations', 'calculation_timeout', 'run_code'];
	old   agents;
	k     text;
	who   int;
begin
	perform known_keys('an agent', changes, keys);
	if changes ->> 'provider' is not null then
		select p.id into who from providers p where p.slug = changes ->> 'provider';
		if not found then
			raise exception 'no provider is called %', quote_literal(left(changes ->> 'provider', 80)) using errcode = 'SB002';
		end if;
	end if;
	foreach k in array array['budget_day', 'budget_month'] loop
		if not ((changes ->> k)::numeric >= 0 and (changes ->> k)::numeric < 1e12) then
			raise exception 'a budget is an amount of USD, less than 1000000000000, not %', quote_literal(left(changes ->> k, 40)) using errcode = 'SB004';
		end if;
	end loop;
	if not ((changes ->> 'temperature')::numeric between 0 and 2) then
		raise exception 'temperature is a number from 0 to 2, not %', quote_literal(left(changes ->> 'temperature', 40)) using errcode = 'SB004';
	end if;
	if not ((changes ->> 'top_p')::numeric > 0 and (changes ->> 'top_p')::numeric <= 1) then
		raise exception 'top_p is a number over 0, at most 1, not %', quote_literal(left(changes ->> 'top_p', 40)) using errcode = 'SB004';
	end if;
	if (changes ->> 'reasoning') !~ '^(none|minimal|low|medium|high|[1-9][0-9]{0,6})$' then
		raise exception 'reasoning is none, minimal, low, medium, high, or a number of tokens, not %', quote_literal(left(changes ->> 'reasoning', 40)) using errcode = 'SB004';
	end if;
	if (changes ->> 'retries') !~ '^([0-9]|10)$' then
		raise exception 'retries is a number from 0 to 10, not %', quote_literal(left(changes ->> 'retries', 40)) using errcode = 'SB004';
	end if;
	if not ((changes ->> 'first_byte_timeout')::interval between interval '100 ms' and interval '1 day') then
		raise exception 'first_byte_timeout is a time from 100ms to 1day, not %', quote_literal(left(changes ->> 'first_byte_timeout', 40)) using errcode = 'SB004';
	end if;
	if lower(changes ->> 'calculations') not in ('on', 'off', 'true', 'false', 'yes', 'no', '1', '0') then
		raise exception 'calculations is on or off, not %', quote_literal(left(changes ->> 'calculations', 40)) using errcode = 'SB004';
	end if;
	if not ((changes ->> 'calculation_timeout')::interval between interval '100 ms' and interval '5 min') then
		raise exception 'calculation_timeout is a time from 100ms to 5min, not %', quote_literal(left(changes ->> 'calculation_timeout', 40)) using errcode = 'SB004';
	end if;
	if (changes ->> 'run_code') not in ('on', 'off', 'repair') then
		raise exception 'run_code is on, off or repair, not %', quote_literal(left(changes ->> 'run_code', 40)) using errcode = 'SB004';
	end if;
	select w.x into k from agent_tools(changes ->> 'tools') w(x) where not exists (select from tools t where t.name = w.x) limit 1;
	if found then
		raise exception 'no tool is called %: signalbox tool NAME set kind=…', quote_literal(left(k, 80)) using errcode = 'SB002';
	end if;
	if (select count(*) <> count(distinct w.x) from agent_tools(changes ->> 'tools') w(x)) then
		raise exception 'a tool stands twice in tools' using errcode = 'SB004';
	end if;
	insert into agents (slug, name) values (slug, slug) on conflict do nothing;
	select * into old from agents a where a.slug = slug for no key update;    -- the key does not change: foreign key checks do not wait
	insert into lanes (agent_id) values (old.id) on conflict do nothing;
	insert into lane_cursors (agent_id, rank) values (old.id, ~0) on conflict do nothing;    -- the lane of priority 0; the sweep opens the others
	update agents a set
		name                = case when changes ? 'name' then coalesce(changes ->> 'name', slug) else a.name end,
		provider_id         = case when changes ? 'provider' then who else a.provider_id end,
		model               = case when changes ? 'model' then changes ->> 'model' else a.model end,
		system_prompt       = case when changes ? 'system_prompt' then changes ->> 'system_prompt' else a.system_prompt end,
		context_window_size = case when changes ? 'context_window_size' then coalesce((changes ->> 'context_window_size')::int, 10) else a.context_window_size end,
		rate_limit_per_min  = case when changes ? 'rate_limit_per_min' then (changes ->> 'rate_limit_per_min')::int else a.rate_limit_per_min end,
		concurrency_limit   = case when changes ? 'concurrency_limit' then (changes ->> 'concurrency_limit')::int else a.concurrency_limit end,
		budget_day          = case when changes ? 'budget_day' then (changes ->> 'budget_day')::numeric else a.budget_day end,
		budget_month        = case when changes ? 'budget_month' then (changes ->> 'budget_month')::numeric else a.budget_month end,
		max_tokens          = case when changes ? 'max_tokens' then (changes ->> 'max_tokens')::int else a.max_tokens end,
		tools               = case when changes ? 'tools' then changes ->> 'tools' else a.tools end,
		chain               = case when changes ? 'chain' then changes ->> 'chain' else a.chain end,
		type                = case when changes ? 'type' then changes ->> 'type' else a.type end,
		tokens_per_min      = case when changes ? 'tokens_per_min' then (changes ->> 'tokens_per_min')::int else a.tokens_per_min end,
		budget_soft         = case when changes ? 'budget_soft' then coalesce((changes ->> 'budget_soft')::int, 80) else a.budget_soft end,
		temperature         = case when changes ? 'temperature' then (changes ->> 'temperature')::numeric else a.temperature end,
		top_p               = case when changes ? 'top_p' then (changes ->> 'top_p')::numeric else a.top_p end,
		reasoning           = case when changes ? 'reasoning' then changes ->> 'reasoning' else a.reasoning end,
		retries             = case when changes ? 'retries' then (changes ->> 'retries')::int else a.retries end,
		first_byte_timeout  = case when changes ? 'first_byte_timeout' then (changes ->> 'first_byte_timeout')::interval else a.first_byte_timeout end,
		calculations        = case when changes ? 'calculations' then coalesce((changes ->> 'calculations')::boolean, false) else a.calculations end,
		calculation_timeout = case when changes ? 'calculation_timeout' then (changes ->> 'calculation_timeout')::interval else a.calculation_timeout end,
		run_code            = case when changes ? 'run_code' then nullif(changes ->> 'run_code', 'off') else a.run_code end,
		on_cut              = case when changes ? 'on_cut' then coalesce(changes ->> 'on_cut', 'restart') else a.on_cut end
		where a.id = old.id;
	perform set_intents(old.id, changes);
	perform set_routes(old.id);
	perform log_action(actor, 'agent_set', null, old.id, null, to_jsonb(old), changes);
	perform pg_notify('signalbox_changed', '');
exception when check_violation or invalid_text_representation or numeric_value_out_of_range or invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
	raise exception '%', sqlerrm using errcode = 'SB004';
end $$;
grant execute on function signalbox.agent_set to signalbox_admin;
