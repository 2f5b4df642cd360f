-- Whether the application in whose name this transaction acts has sent a message with this idempotency key.
create or replace function signalbox.http_knows(agent int, user_id text, key text) returns boolean
language plpgsql volatile set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
begin
	return key is not null and exists (select from idempotency_keys i where i.application = application() and i.agent_id = agent
		and i.user_id = http_knows.user_id and i.key = http_knows.key and i.expires_at > clock_timestamp());
end $$;
