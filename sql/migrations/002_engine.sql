-- The engine at ten thousand in flight and a million waiting: nothing in the hot path counts, scans or rewrites what grows.
-- docs/decisions/006-flat-cost.md says why each of these is as it is, with figures.

-- For load trials: everything of a message happens but the HTTP call.
alter table providers drop constraint providers_protocol_check,
	add constraint providers_protocol_check check (protocol in ('ollama', 'openai', 'anthropic', 'gemini', 'null'));

-- ---------------------------------------------------------------- the order of service
-- Agents take turns in the order of their numbers; this is the one served last. A sequence, because every claim moves it and a row would
-- leave a dead version each time. Only claim() moves it, and claims are serialised.
create sequence claim_turn as bigint minvalue 0 start 0;
drop sequence turn_seq cascade;
alter table lanes drop column turn;

-- ~priority turns the order round, so that one ascending index holds the order of service, and (rank, seq) >= (…) is a condition on it.
alter table queue
	add column rank int not null generated always as (~priority) stored,
	add column runs int not null default 0;       -- attempts begun, whatever became of them: the number of the attempt
drop index queue_ready, queue_waiting, queue_running;
create index queue_ready on queue (agent_id, rank, seq) where state = 'ready';
create index queue_waiting on queue (agent_id, rank, seq, message_id) where state in ('ready', 'blocked', 'delayed');
create index queue_running on queue (worker_id, agent_id, deadline) where state = 'running';
alter table workers add column turn bigint not null default 0;   -- of a worker that serves only some agents: its own place in the circle

-- An agent's messages of one priority form a lane. Nothing ready lies before low_seq: while somebody's open transaction keeps dead index
-- entries from being removed, a claim would else walk all of them each time. Raised by the claim now and then; what comes back with an
-- old place lowers it; the tick's sweep mends what slipped through.
create table lane_cursors (
	agent_id int not null references agents on delete cascade,
	rank     int not null,
	low_seq  bigint not null default 0,
	low_waiting bigint not null default 0,   -- the same for all that waits, ready or not: where positions begin to count
	primary key (agent_id, rank)
) with (fillfactor = 50);
-- queue_seq as it was 5 to 10 s ago: a cursor is never raised beyond it, so that a dispatch that commits late is not passed over.
create sequence seq_mid as bigint minvalue 0 start 0;
create sequence seq_old as bigint minvalue 0 start 0;

-- Every 256th waiting message of a long lane, with how many wait before it: a position is one look here and at most 256 rows counted.
create table lane_maps (
	agent_id int not null,
	rank     int not null,
	seqs     bigint[] not null,
	before   int[] not null,
	made_at  timestamptz not null,
	took_ms  real not null,
	primary key (agent_id, rank)
) with (fillfactor = 50);

-- What waits, by lane and by agent: one row, made by the tick once a second (less often when the counting takes long).
create table queue_totals (
	id          bigint generated always as identity primary key,
	made_at     timestamptz not null,
	took_ms     real not null,
	lane_agents int[] not null,       -- by lane, ordered by (agent, rank)
	lane_ranks  int[] not null,
	lane_counts int[] not null,
	agents      int[] not null,       -- by agent, ordered
	counts      int[] not null,
	sorted      int[] not null,       -- counts, ascending
	sums        bigint[] not null,    -- sums[i] = sorted[1] + … + sorted[i]
	queued      bigint not null,
	pending     bigint not null,
	failed      bigint not null,
	waiting_long bigint not null,     -- longer than alert_rules says; counted to 1,000
	oldest      timestamptz,
	mean_ms     numeric                -- processing time of the whole fleet, last hour
);

-- Everything at once: who stopped the whole fleet from starting messages.
create table fleet (
	one          boolean primary key default true check (one),
	paused_at    timestamptz,
	paused_by    text,
	pause_reason text
);
insert into fleet default values;

-- What time asks for, and does not hurry: when it was done last, and how long that took (it is done again after twenty times as long).
create table chores (
	name    text primary key,
	done_at timestamptz not null default '-infinity',
	took_ms real not null default 0
);
insert into chores (name) values ('totals'), ('sweep'), ('overdue'), ('forget'), ('days');

insert into lane_cursors (agent_id, rank) select distinct agent_id, ~priority from queue;

-- ---------------------------------------------------------------- what happened
-- An attempt's row is written once, when it ends; a running one is a row of the queue.
delete from attempts where ended_at is null;
create view attempts_and_running as
	select * from attempts
	union all
	select q.job_id, q.message_id, q.agent_id, q.runs, q.worker_id, w.name, p.slug, a.model, q.changed_at, null, null, null, null, null, null, null,
		null, null, null, null, null
	from queue q join agents a on a.id = q.agent_id left join providers p on p.id = a.provider_id left join workers w on w.id = q.worker_id
	where q.state = 'running';
update queue set runs = attempts;

drop function if exists signalbox.price(text, text, text, int, int, int, timestamptz);

-- Attempts and costs are found by their message; one index each, in the order of time, instead of one more in random order.
alter table attempts drop constraint attempts_pkey, add primary key (message_id, job_id);
drop index attempts_message_id_idx;
alter table ai_costs drop constraint ai_costs_pkey, add primary key (message_id, job_id, call);
drop index ai_costs_message_id_idx;
-- Costs are written once and never change: their place in the table follows time.
drop index ai_costs_created_at_idx, ai_costs_agent_id_created_at_idx;
create index ai_costs_created_at on ai_costs using brin (created_at) with (pages_per_range = 32, autosummarize = on);

-- Days (UTC's) of stats_minute added up, as far as rolled_upto says: totals of today do not read a thousand minutes of a thousand agents.
create table stats_day (
	day               timestamptz not null,
	agent_id          int not null,
	completed         bigint not null default 0,
	failed            bigint not null default 0,
	errors            bigint not null default 0,
	processing_ms     bigint not null default 0,
	tokens_prompt     bigint not null default 0,
	tokens_completion bigint not null default 0,
	cost_pico         numeric not null default 0,
	cost_unknown      bigint not null default 0,
	primary key (day, agent_id)
) with (fillfactor = 50);
create table rolled_upto (minute timestamptz not null);
insert into rolled_upto values ('-infinity');
create index stats_minute_agent on stats_minute (agent_id, minute);

-- ---------------------------------------------------------------- the care of the tables
-- queue: every row of it dies within minutes, so dead rows are counted, not compared with its size; vacuumed at once and at full speed.
alter table queue set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
	autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
	autovacuum_analyze_scale_factor = 0.05, autovacuum_analyze_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
alter table ai_messages set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 20000);
alter table ai_sessions set (autovacuum_vacuum_scale_factor = 0.05);
alter table attempts set (autovacuum_vacuum_insert_scale_factor = 0.05);
alter table stats_minute set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

do $$
declare o text;
begin
	foreach o in array array['table lane_cursors', 'table lane_maps', 'table queue_totals', 'table fleet', 'table chores', 'table stats_day', 'table rolled_upto', 'table attempts_and_running', 'sequence claim_turn',
	                         'sequence seq_mid', 'sequence seq_old'] loop
		execute format('alter %s owner to signalbox_owner', o);
	end loop;
end $$;
grant select on lane_cursors, lane_maps, queue_totals, fleet, chores, stats_day, rolled_upto, attempts_and_running to signalbox_viewer, signalbox_worker;
