-- A provider is available again: messages that rest after an error (after a failed probe for minutes) and may go to
-- this provider become due now. At most the 1,000 that would be due next; rows that another transaction has locked are
-- skipped.
create or replace function signalbox.end_rests(provider text, model text) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	update queue q set run_after = clock_timestamp() where q.message_id in (
		select o.message_id from queue o where o.state = 'delayed' and o.run_after > clock_timestamp() and exists (
			select from agent_routes r join providers p on p.id = r.provider_id
			where r.agent_id = o.agent_id and r.ord >= 0 and p.slug = end_rests.provider and end_rests.model in ('', r.model))
		order by o.run_after limit 1000 for update skip locked);
$$;
