update workers w set drain_by = d.actor from worker_drains d where d.worker_id = w.id;
select signalbox.promote_heads(array(select session_id from promotions_due), true);
drop table promotions_due, lock_claim, lock_tick, lock_tend, lock_breakers, worker_drains;
alter table workers drop column kept, drop column renewed_at, drop column lacks, drop column mute;
delete from chores where name = 'clock';
alter table chores drop column every, drop column well_at, drop column error;
drop function if exists signalbox.settle_batch(uuid, json, int, interval, boolean), signalbox.promote_heads(bigint[], boolean), signalbox.chore_due(text),
	signalbox.chore_done(text, timestamptz, text), signalbox.chore(text), signalbox.tick_clock(), signalbox.can_serve(int, int[]), signalbox.can_be_served(int), signalbox.is_overdue(timestamptz, signalbox.workers),
	signalbox.stream_write(bigint[], uuid[], int[], text[]), signalbox.work_begin(uuid), signalbox.work_args(bigint, uuid), signalbox.secret_names(), signalbox.sees_all();
