-- Room for more kinds of everything (docs/decisions/018-the-floor-plan.md).

-- The protocols that are spoken: renewed by each migration from shared/protocols.def, and by nobody else.
create table protocols (name text primary key);
alter table protocols owner to signalbox_owner;
insert into protocols select distinct protocol from providers;
alter table providers drop constraint providers_protocol_check, add constraint providers_protocol_fkey foreign key (protocol) references protocols;

-- It answers the kind of the work too.
drop function if exists signalbox.work_args(bigint, uuid);
