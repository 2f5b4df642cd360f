-- Sweeps the small tables, and moves the mark that lanes' cursors may not pass: seq_old is queue_seq as it was 5 to 10 s ago.
create or replace function signalbox.forget() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t timestamptz := clock_timestamp();
begin
	perform setval('seq_old', (select last_value from seq_mid));
	perform setval('seq_mid', (select last_value from queue_seq));
	delete from starts where started_at < t - interval '2 min';
	perform charge_lost();
	delete from watches where until < t;
	delete from provider_limits where until < t - interval '1 day';
	delete from breaker_counts where slot < t - interval '5 min';
	delete from breaker_events where at < t - interval '30 days';
	delete from provider_days where day < (t - interval '60 days')::date;
	delete from intent_cache c where c.ctid = any (array(select x.ctid from intent_cache x where x.made_at < t - interval '30 days' limit 1000));
	delete from work w where w.ended_at < t - interval '7 days';
	delete from message_stream s where not exists (select from queue q where q.message_id = s.message_id and q.job_id = s.job_id);
	delete from idempotency_keys k where k.expires_at < t;
	delete from test_sessions where used_at < t - interval '7 days';
	delete from stops s where not exists (select from workers w where w.id = s.worker_id and w.ended_at is null);
	delete from workers w where w.ended_at < t - interval '1 day'
		and not exists (select from queue q where q.worker_id = w.id and q.claim_no >= w.low_claim and q.state = 'running');
end $$;
