-- -> ok bool, detail text
with roles(r, f) as (
	values ('signalbox_owner', null), ('signalbox_app', 'dispatch'), ('signalbox_worker', 'settle'), ('signalbox_viewer', 'queue_page'), ('signalbox_operator', 'retry'),
		('signalbox_admin', 'agent_set')
), wrong(ord, what) as (
	select 1, 'no role ' || string_agg(r, ', ') from roles where to_regrole(r) is null having count(*) > 0
	union all
	select 2, r || ' is no member of ' || of from (values ('signalbox_operator', 'signalbox_viewer'), ('signalbox_admin', 'signalbox_operator')) m(r, of)
		where case when to_regrole(r) is null or to_regrole(of) is null then false else not pg_has_role(to_regrole(r), to_regrole(of), 'member') end
	union all
	select 3, count(*) || ' things of the schema belong to ' || pg_get_userbyid(o) from (
		select nspowner from pg_namespace where nspname = 'signalbox'
		union all select relowner from pg_class where relnamespace = 'signalbox'::regnamespace and relkind in ('r', 'S', 'v')
		union all select proowner from pg_proc where pronamespace = 'signalbox'::regnamespace) x(o)
		where o is distinct from to_regrole('signalbox_owner') group by o
	union all
	select 4, r || ' may not ' || f from roles left join pg_proc p on p.pronamespace = 'signalbox'::regnamespace and p.proname = f
		where f is not null and case when to_regrole(r) is null then false else not coalesce(has_function_privilege(to_regrole(r), p.oid, 'execute'), false) end
	union all
	select 5, r || ' may not read ' || t from (values ('signalbox_viewer', 'signalbox.ai_messages'), ('signalbox_worker', 'signalbox.queue')) m(r, t)
		where case when to_regrole(r) is null then false else not has_any_column_privilege(to_regrole(r), t, 'select') end
)
select count(*) = 0 as ok, coalesce(string_agg(what, '; ' order by ord, what), 'roles, owners and grants are whole') as detail from wrong
