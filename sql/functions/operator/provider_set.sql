-- Creates or changes a provider. key_env names an environment variable of the workers, as $NAME does in header and
-- query: keys themselves are never stored. base_url is the address before a path of the protocol; its query is kept, a
-- fragment or a whole endpoint is refused. SB004: unknown key or bad value.
create or replace function signalbox.provider_set(slug text, changes jsonb, actor text) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
#variable_conflict use_variable
declare
	keys constant text[] := array['protocol', 'base_url', 'key_env', 'daily_tokens', 'timezone', 'breaker', 'header', 'query'];
	old  providers;
begin
	perform known_keys('a provider', changes, keys);
	perform provider_check(changes);
	select * into old from providers p where p.slug = slug for no key update;    -- the key does not change: foreign key checks do not wait
	if not found then
		if changes ->> 'protocol' is null or changes ->> 'base_url' is null then
			raise exception 'a new provider needs protocol and base_url' using errcode = 'SB004';
		end if;
		insert into providers (slug, protocol, base_url) values (slug, changes ->> 'protocol', changes ->> 'base_url');
	end if;
	if changes ->> 'timezone' is not null and not exists (select from pg_timezone_names z where z.name = changes ->> 'timezone') then
		raise exception 'no time zone is called %', quote_literal(left(changes ->> 'timezone', 80)) using errcode = 'SB004';
	end if;
	update providers p set
		protocol     = case when changes ? 'protocol' then changes ->> 'protocol' else p.protocol end,
		base_url     = case when changes ? 'base_url' then rtrim(changes ->> 'base_url', '/') else p.base_url end,
		key_env      = case when changes ? 'key_env' then changes ->> 'key_env' else p.key_env end,
		daily_tokens = case when changes ? 'daily_tokens' then (changes ->> 'daily_tokens')::bigint else p.daily_tokens end,
		header       = case when changes ? 'header' then changes ->> 'header' else p.header end,
		query        = case when changes ? 'query' then ltrim(changes ->> 'query', '?&') else p.query end,
		timezone     = case when changes ? 'timezone' then coalesce(changes ->> 'timezone', 'UTC') else p.timezone end
		where p.slug = slug;
	-- With another key, address or limit the cause of an open breaker may be gone.
	if changes ?| array['base_url', 'key_env', 'daily_tokens', 'timezone', 'header', 'query'] then
		perform breaker_force(slug, 'auto', actor);
	end if;
	if changes ? 'breaker' then
		perform breaker_force(slug, coalesce(changes ->> 'breaker', 'auto'), actor);
	end if;
	perform log_action(actor, 'provider_set', null, null, slug, to_jsonb(old), changes);
	perform pg_notify('signalbox_changed', '');
exception when foreign_key_violation then
	raise exception 'no protocol is called %; there are: %', quote_literal(left(changes ->> 'protocol', 80)), (select string_agg(p.name, ' ' order by p.name) from protocols p)
		using errcode = 'SB004';
when check_violation or not_null_violation or invalid_text_representation or numeric_value_out_of_range then
	raise exception '%', sqlerrm using errcode = 'SB004';
end $$;
grant execute on function signalbox.provider_set to signalbox_admin;
