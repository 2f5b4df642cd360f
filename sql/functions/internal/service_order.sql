-- The first `deep` waiting messages in the order of service: rounds of one message from each agent. Reads only as many
-- agents, and as many messages of each, as the rounds need.
create or replace function signalbox.service_order(deep int, named text[] default null) returns table (message_id bigint, place bigint)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit
#variable_conflict use_column
declare
	turn   bigint := (select last_value from claim_turn);
	circle int[];
	rounds int := 1;
	n      bigint;
begin
	-- A round of more than `deep` agents is cut: agents behind it cannot be among the first `deep`.
	circle := array(
		select l.agent_id from (      (select x.agent_id from lanes x where x.agent_id > turn order by x.agent_id)
		                    union all (select x.agent_id from lanes x where x.agent_id <= turn order by x.agent_id)) l
		-- `limit 1` evaluates this for one agent after the other: a plan that began with the queue would lose the order
		-- of the circle.
		cross join lateral (
			select from lane_cursors c where c.agent_id = l.agent_id and exists (
				select from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting
					and q.state in ('ready', 'blocked', 'delayed')) limit 1) waits
		where (named is null or (select a.slug from agents a where a.id = l.agent_id) = any (named))
		limit deep);
	-- Each agent of `circle` has at least one message: find the number of rounds that gives `deep`.
	while circle <> '{}' and cardinality(circle) < deep loop
		select count(*) into n from unnest(circle) l(agent_id) cross join lateral (
			select from lane_cursors c cross join lateral (
				select from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting
					and q.state in ('ready', 'blocked', 'delayed') limit rounds) x
			where c.agent_id = l.agent_id limit rounds) y;
		exit when n >= deep or rounds >= deep;
		rounds := least(rounds * 2, deep);
	end loop;
	return query
		select w.message_id, row_number() over (order by w.round, l.ord)
		from unnest(circle) with ordinality l(agent_id, ord) cross join lateral (
			select y.message_id, row_number() over () as round from (
				select x.message_id from lane_cursors c cross join lateral (
					select q.message_id, q.seq from queue q where q.agent_id = c.agent_id and q.rank = c.rank and q.seq >= c.low_waiting
						and q.state in ('ready', 'blocked', 'delayed') order by q.seq, q.message_id limit rounds) x
				where c.agent_id = l.agent_id order by c.rank, x.seq, x.message_id limit rounds) y) w
		order by w.round, l.ord limit deep;
end $$;
