-- How many messages of one lane wait before a place in it. With a map only the front of the lane, which moves, and the
-- part around the place are counted. Where more than 4,096 rows are in no map yet (a burst of this second), the rest is
-- estimated from the density of the first 4,096.
create or replace function signalbox.lane_ahead(agent int, lane int, low bigint, upto bigint, message bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_seqscan, no_bitmap, no_jit
declare
	m     lane_maps;
	front bigint := (select q.seq from queue q where q.agent_id = agent and q.rank = lane and q.seq >= low
	                 and q.state in ('ready', 'blocked', 'delayed') order by q.seq limit 1);
	h     int;            -- index of the map entry for the front
	i     int;            -- index of the map entry for the place
	since bigint := front;
	known bigint := 0;
	n     bigint;
	seen  bigint;
begin
	if front is null or front > upto then
		return 0;
	end if;
	select * into m from lane_maps x where x.agent_id = agent and x.rank = lane;
	if m.agent_id is not null then
		h := width_bucket(front, m.seqs);
		i := width_bucket(upto, m.seqs);
		if i > h + 1 then
			select count(*) into n from queue q where q.agent_id = agent and q.rank = lane and q.seq >= front and q.seq < m.seqs[h + 1]
				and q.state in ('ready', 'blocked', 'delayed');
			known := n + m.before[i] - m.before[h + 1];
			since := m.seqs[i];
		end if;
	end if;
	select count(*), max(x.seq) into n, seen from (
		select q.seq from queue q where q.agent_id = agent and q.rank = lane and q.seq >= since and (q.seq, q.message_id) < (upto, message)
			and q.state in ('ready', 'blocked', 'delayed') order by q.seq limit 4096) x;
	if n = 4096 and seen > since then
		n := n + ((least(upto, (select last_value from queue_seq)) - seen) * (4096.0 / (seen - since)))::bigint;
	end if;
	return known + n;
end $$;
