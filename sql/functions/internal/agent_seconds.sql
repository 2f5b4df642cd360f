-- Mean processing time of an agent in seconds: of its last 15 minutes, else of the whole fleet's last hour; null when
-- nothing was measured.
create or replace function signalbox.agent_seconds(agent int) returns numeric
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	return coalesce(
		(select sum(processing_ms) / nullif(sum(completed), 0) from stats_minute
		  where agent_id = agent and minute > clock_timestamp() - interval '15 min'),
		(select mean_ms from queue_totals order by id desc limit 1)) / 1000.0;
end $$;
