-- A message at half the price (docs/decisions/018-the-floor-plan.md).

-- Up to which place in the queue the totals were counted: what came after it is counted apart (place_at_dispatch.sql).
alter table queue_totals add column upto_seq bigint;

-- What the queue knows of a message that is settled, beside its record (settle_batch.sql).
create type settle_place as (session_id bigint, agent_id int, attempts int, runs int, worker_id uuid, began timestamptz, becomes text, cost_pico bigint);
alter type settle_place owner to signalbox_owner;

drop function if exists agents_ahead(int, bigint), routes_of(int, uuid, interval), intent_of(int, bigint, uuid, boolean, interval);

-- What an agent may set of how its providers are called; null: as the worker's settings say.
alter table agents add column retries int check (retries between 0 and 10),
	add column first_byte_timeout interval check (first_byte_timeout between interval '100 ms' and interval '1 day');

-- Room on each page for what a claim and a settle make of its rows: they stay on the page, and no index hears of it.
do $$
begin
	if (select relkind from pg_class where oid = 'ai_messages'::regclass) = 'r' then    -- an adopted table is the application's
		alter table ai_messages set (fillfactor = 40);
	end if;
end $$;
