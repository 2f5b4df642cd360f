-- Waiting messages of a lane from seq `since` to this one. Beyond 4,096 (a burst that no map knows yet) the rest is taken to be as dense.
create or replace function signalbox.count_between(agent int, lane int, since bigint, upto bigint, message bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
declare
	n    bigint;
	seen bigint;
begin
	select count(*), max(x.seq) into n, seen from (
		select q.seq from queue q where q.agent_id = agent and q.rank = lane and q.seq >= since and (q.seq, q.message_id) < (upto, message)
			and q.state in ('ready', 'blocked', 'delayed') order by q.seq limit 4096) x;
	if n = 4096 and seen > since then
		n := n + ((upto - seen) * (4096.0 / (seen - since)))::bigint;
	end if;
	return n;
end $$;
