-- The number of a message that the caller may read. SB002: there is none, or it is another application's.
create or replace function signalbox.own_message(message uuid) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	found_id bigint;
begin
	select id into found_id from ai_messages where uuid = message and role = 'assistant' and may_read(session_id);
	if not found then
		raise exception 'no message %', message using errcode = 'SB002';
	end if;
	return found_id;
end $$;
