-- Of the next `lim` messages of an agent with a budget, those that fit into the budget together, in order, with the
-- size of their prompts and their highest possible cost (pico-USD). A message that does not fit holds those behind it:
-- the order is kept. No rows where a price is unknown.
create or replace function signalbox.affordable(agent int, lim int) returns table (message_id bigint, bytes bigint, pico bigint)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit, generic
declare
	money numeric := money_left(agent);
begin
	for message_id in
		select q.message_id
		from lane_cursors c cross join lateral (
			select y.message_id, y.rank, y.seq from queue y
			where y.agent_id = c.agent_id and y.rank = c.rank and y.seq >= c.low_seq and y.state = 'ready' order by y.seq limit lim) q
		where c.agent_id = agent order by c.rank, q.seq limit lim
	loop
		bytes := prompt_bytes(message_id);
		pico := worst_case(agent, bytes);
		money := money - pico;
		exit when money is null or money < 0;
		return next;
	end loop;
end $$;
