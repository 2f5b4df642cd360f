-- Requests over HTTP in the last time, by agent (null: of none, or of one that does not exist), those with most first.
-- done: 2xx and 3xx; limited: 429, over a limit; refused: the other 4xx; failed: 5xx. worst: the statuses of 4xx and 5xx
-- with their numbers, the most frequent first.
create or replace function signalbox.http_page(span interval)
returns table (agent text, requests bigint, done bigint, limited bigint, refused bigint, failed bigint, worst text)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	select a.slug, sum(c.n)::bigint, coalesce(sum(c.n) filter (where c.code < 400), 0)::bigint, coalesce(sum(c.n) filter (where c.code = 429), 0)::bigint,
		coalesce(sum(c.n) filter (where c.code between 400 and 499 and c.code <> 429), 0)::bigint, coalesce(sum(c.n) filter (where c.code >= 500), 0)::bigint,
		string_agg(c.code || ' x' || c.n, ', ' order by c.n desc, c.code) filter (where c.code >= 400)
	from (select m.agent_id, m.code, sum(m.n)::bigint as n from http_minutes m
	      where m.minute > clock_timestamp() - least(span, interval '1 day') group by 1, 2) c
	left join agents a on a.id = c.agent_id
	group by c.agent_id, a.slug order by 2 desc, 1;
$$;
grant execute on function signalbox.http_page to signalbox_viewer;
