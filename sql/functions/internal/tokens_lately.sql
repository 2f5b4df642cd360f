-- Tokens of an agent in the last 60 s: those of the current minute, and the part of the minute before that the window
-- covers.
create or replace function signalbox.tokens_lately(agent int) returns bigint
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select coalesce(sum((s.tokens_prompt + s.tokens_completion) * case when s.minute = n.minute then 1 else 1 - extract(epoch from clock_timestamp() - n.minute) / 60 end), 0)::bigint
	from (select date_trunc('minute', clock_timestamp()) as minute) n
	join stats_minute s on s.agent_id = agent and s.minute >= n.minute - interval '1 min';
$$;
