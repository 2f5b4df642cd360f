-- From now on the token is refused, for good. SB002: no such token. SB003: it is revoked already.
create or replace function signalbox.token_revoke(token int, actor text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if not exists (select from tokens where id = token) then
		raise exception 'no token %', token using errcode = 'SB002';
	end if;
	update tokens set revoked_at = clock_timestamp() where id = token and revoked_at is null;
	if not found then
		raise exception 'token % is revoked already', token using errcode = 'SB003';
	end if;
	perform log_action(actor, 'token revoke', null, null, null, jsonb_build_object('id', token), null);
	return (select to_jsonb(l) from token_list() l where l.id = token);
end $$;
grant execute on function signalbox.token_revoke to signalbox_admin;
