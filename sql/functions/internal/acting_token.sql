-- The number of the token for which a worker acts in this transaction (0: a request without a token), set by
-- http_enter(); null when it acts for itself. Only the setting of a worker's login counts: any login can make one.
create or replace function signalbox.acting_token() returns int
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	token text := nullif(current_setting('signalbox.token', true), '');
begin
	return case when token is not null and pg_has_role(session_user, 'signalbox_worker', 'member') then token::int end;
end $$;
