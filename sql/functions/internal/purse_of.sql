-- The result of affordable() for an agent with a budget, as JSON: [{"id", "bytes", "pico"}].
create or replace function signalbox.purse_of(agent int, lim int) returns jsonb
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	return (select coalesce(jsonb_agg(jsonb_build_object('id', f.message_id, 'bytes', f.bytes, 'pico', f.pico)), '[]') from affordable(agent, lim) f);
end $$;
