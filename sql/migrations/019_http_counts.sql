-- Requests over HTTP by minute, agent (0: of none, or of one that does not exist) and status of the answer (worker_renew.sql). Each worker has rows of
-- its own: no renewal waits for another's.
create table http_minutes (
	minute    timestamptz not null,
	agent_id  int not null,
	code      int not null,
	worker_id uuid not null,
	n         bigint not null,
	primary key (minute, agent_id, code, worker_id)
) with (fillfactor = 50);

-- The number of the last batch of them that this worker has said.
alter table workers add column http_batch bigint not null default 0;

-- It takes a limit, too.
drop function if exists http_documents(bigint[]);

-- It returns the agent, too.
drop function if exists http_dispatch(bytea, boolean, text, text, uuid, text, text, text, int, text, boolean, boolean);
