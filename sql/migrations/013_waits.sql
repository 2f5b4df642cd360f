-- The fleet waits for nobody outside it (docs/decisions/017-what-the-fleet-waits-for.md).

-- What the fleet does one after the other is told by a lock on one of these tables: they hold nothing, and nobody but their owner can lock them (an advisory
-- lock is anybody's).
create table lock_claim ();
create table lock_tick ();
create table lock_tend ();
create table lock_breakers ();

-- A worker says with each renewal how many records it could not write yet, which of the secrets that providers name it lacks, {name: why}, and so which
-- providers it cannot call (mute: their ids).
alter table workers add column kept int not null default 0, add column renewed_at timestamptz not null default clock_timestamp(),
	add column lacks jsonb, add column mute int[] not null default '{}';

-- Who asked a worker to end: a row of its own, for the worker's is its worker's to lock. (workers.drain_by stays for programs of before, and is written no more.)
create table worker_drains (
	worker_id uuid primary key,
	actor     text not null,
	at        timestamptz not null default clock_timestamp()
);
insert into worker_drains select id, drain_by from workers where drain_by is not null and ended_at is null;

-- well_at: when it last went well; error: of the last time, when it did not. The fleet's clock is one: when the last tick was (tick_clock.sql).
alter table chores add column every interval not null default '1 s', add column well_at timestamptz not null default clock_timestamp(), add column error text;
update chores c set every = x.every from (values ('totals', interval '900 ms'), ('overdue', '0 s'), ('days', '60 s'), ('fold', '5 min'), ('forget', '5 s')) x(name, every)
	where c.name = x.name;
insert into chores (name, done_at) values ('clock', clock_timestamp());

-- Sessions whose head is to be found by the next tick: who changed them did it in a transaction that does not see what others did meanwhile (promote_heads.sql).
create table promotions_due (session_id bigint not null);

do $$
declare o text;
begin
	foreach o in array array['lock_claim', 'lock_tick', 'lock_tend', 'lock_breakers', 'worker_drains', 'promotions_due'] loop
		execute format('alter table %s owner to signalbox_owner', o);
	end loop;
end $$;
drop function if exists signalbox.chore_due(text, interval), signalbox.chore_done(text, timestamptz), signalbox.secret_fits(text, text);
