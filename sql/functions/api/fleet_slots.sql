-- How many messages the living workers can hold at once (sum of their concurrency, without draining ones); null when
-- there is none.
create or replace function signalbox.fleet_slots() returns bigint
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
	select sum(concurrency) from workers where ended_at is null and not is_draining and lease_until > clock_timestamp();
$$;
grant execute on function signalbox.fleet_slots to signalbox_app, signalbox_viewer;
