do $$
begin
	if exists (select from signalbox.adopted) then
		raise exception 'a table is adopted: give it back first (migrate --give-back)' using errcode = 'SB003';
	end if;
end $$;
drop table adopted, adopted_values;
create table adopted (
	table_name text primary key,
	added      jsonb not null,
	rows       bigint not null,
	at         timestamptz not null default now()
);
alter table adopted owner to signalbox_owner;
grant select on adopted to signalbox_viewer, signalbox_worker;
