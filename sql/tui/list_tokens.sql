-- -> id int4, name text, hint text, agents text[], scopes text[], is_public bool, user_id text, collection_name text, thread_key text, sign_env text, origins text[], created_by text, created_at text, expires_at text, revoked_at text, state text
select id, name, hint, agents, scopes, is_public, user_id, collection_name, thread_key, sign_env, origins, created_by, created_at, expires_at, revoked_at, state
from signalbox.token_list() limit 1000
