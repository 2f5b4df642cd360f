-- Before a migration: ai_messages is our own table again, so that the migration changes this table. adopted_again()
-- follows.
create or replace function signalbox.adopted_aside() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if exists (select from adopted) then
		drop view signalbox.ai_messages;
		alter table signalbox.ai_messages_own rename to ai_messages;
	end if;
end $$;
