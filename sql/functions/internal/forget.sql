-- Deletes old rows of the small tables; where others write such rows, only rows that nobody has locked. Also moves
-- seq_old, which the cursors of lanes may not pass: seq_old is queue_seq as it was 5 to 10 s ago.
create or replace function signalbox.forget() returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t timestamptz := clock_timestamp();
begin
	perform setval('seq_old', (select last_value from seq_mid));
	perform setval('seq_mid', (select last_value from queue_seq));
	delete from starts where started_at < t - interval '2 min';
	perform charge_lost();
	delete from watches w where w.message_id in (select x.message_id from watches x where x.until < t for update skip locked);
	delete from awaited w where w.message_id in (select x.message_id from awaited x where x.until < t for update skip locked);
	delete from token_rates r where (r.token_id, r.agent_id) in (select x.token_id, x.agent_id from token_rates x where x.began < t - interval '1 day' for update skip locked);
	delete from http_minutes where minute < t - interval '1 day';
	update webhook_deliveries d set state = 'failed', trying_until = null, ended_at = t, last_error = coalesce(d.last_error, 'no worker had the secret for 24 h')
		where d.id in (select x.id from webhook_deliveries x where x.state = 'waiting' and x.created_at < t - interval '25 h' order by x.created_at limit 1000 for update skip locked);
	-- Of a webhook that was removed while a message ended.
	update webhook_deliveries d set state = 'failed', trying_until = null, ended_at = t, last_error = 'the webhook was removed'
		where d.id in (select x.id from webhooks w join webhook_deliveries x on x.webhook_id = w.id and x.state = 'waiting' where w.removed_at > t - interval '2 days' limit 1000 for update of x skip locked);
	delete from webhook_deliveries d where d.id in (
		select x.id from webhook_deliveries x where x.ended_at < t - interval '7 days' order by x.ended_at limit 1000 for update skip locked);
	delete from provider_limits where until < t - interval '1 day';
	delete from breaker_counts where slot < t - interval '5 min';
	delete from breaker_events where at < t - interval '30 days';
	delete from provider_days where day < (t - interval '60 days')::date;
	delete from intent_cache c where c.ctid = any (array(select x.ctid from intent_cache x where x.made_at < t - interval '30 days' limit 1000));
	delete from work w where w.id in (select x.id from work x where x.ended_at < t - interval '7 days' for update skip locked);
	-- Of a message that was cancelled, or whose answer was written, before its worker was lost.
	update runs r set state = 'ended', ended_at = t, verdict = 'lost', why = 'its worker was lost' where r.id in (
		select x.id from runs x where x.state <> 'ended' and x.job_id is not null and x.made_at < t - interval '10 min'
			and not exists (select from queue q where q.message_id = x.message_id and q.job_id = x.job_id) for update skip locked);
	delete from message_stream s where not exists (select from queue q where q.message_id = s.message_id and q.job_id = s.job_id);
	delete from idempotency_keys k where k.ctid = any (array(select x.ctid from idempotency_keys x where x.expires_at < t limit 10000 for update skip locked));
	delete from test_sessions s where s.ctid = any (array(select x.ctid from test_sessions x where x.used_at < t - interval '7 days' for update skip locked));
	delete from stops s where not exists (select from workers w where w.id = s.worker_id and w.ended_at is null);
	delete from worker_drains d where not exists (select from workers w where w.id = d.worker_id and w.ended_at is null);
	delete from workers w where w.ended_at < t - interval '1 day'
		and not exists (select from queue q where q.worker_id = w.id and q.claim_no >= w.low_claim and q.state = 'running');
end $$;
