-- The roles of a cluster and who is a member of which, as far as whoever migrates may make them: missing.sql tells what is left. Two databases may do this
-- at one moment, and a role or grant that the other one made is as good.
do $$
declare
	r text;
	g text[];
	is_new constant boolean := current_setting('server_version_num')::int >= 160000;
begin
	foreach r in array array['signalbox_owner', 'signalbox_app', 'signalbox_viewer', 'signalbox_operator', 'signalbox_admin', 'signalbox_worker'] loop
		if to_regrole(r) is null then
			begin
				execute format('create role %I nologin', r);
			exception when duplicate_object or unique_violation or insufficient_privilege then
				null;
			end;
		end if;
	end loop;
	foreach g slice 1 in array array[['signalbox_viewer', 'signalbox_operator'], ['signalbox_operator', 'signalbox_admin'], ['signalbox_owner', current_user]] loop
		-- From PostgreSQL 16 on the creator of a role is a member with the admin option only: without SET and without
		-- INHERIT.
		if to_regrole(g[1]) is null or to_regrole(quote_ident(g[2])) is null
				or g[2] <> current_user and pg_has_role(g[2], g[1], 'member')
				or g[2] = current_user and pg_has_role(g[1], 'usage') and pg_has_role(g[1], case when is_new then 'set' else 'member' end) then
			continue;
		end if;
		begin
			execute format('grant %I to %I', g[1], g[2]) || case when is_new then ' with inherit true, set true' else '' end;
		exception when duplicate_object or unique_violation or internal_error or insufficient_privilege then
			null;    -- internal_error: "tuple concurrently updated"
		end;
	end loop;
end $$;
