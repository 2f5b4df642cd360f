-- Adoption, again: the application's table stays where it is and is a table (what an ORM reads of a view has no key), it is ours for as long, and
-- signalbox.ai_messages is a view of it with our columns. Sessions are the application's too: see sql/functions/adopt.sql.
do $$
begin
	if exists (select from signalbox.adopted) then
		raise exception 'a table is adopted: give it back with the program that took it (migrate --give-back), then migrate and adopt again'
			using errcode = 'SB003';
	end if;
end $$;
drop table adopted;
create table adopted (
	rel      regclass primary key,       -- the application's messages
	sessions regclass,                   -- the table that numbers their sessions, where a foreign key names one
	had      jsonb not null,             -- how to give it back
	rows     bigint not null,
	at       timestamptz not null default now()
);
-- What a row said that could not stay so meanwhile: a status of old, a value that our type does not hold.
create table adopted_values (
	id      bigint not null,
	attname name not null,
	value   text,
	put     text,                        -- what stands there instead; '*': whatever stands there
	primary key (attname, id)
);
alter table adopted owner to signalbox_owner;
alter table adopted_values owner to signalbox_owner;
grant select on adopted to signalbox_viewer, signalbox_worker;
drop function if exists signalbox.adopt(text), signalbox.rename_owned(regclass, text, text);
