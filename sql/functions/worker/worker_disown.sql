-- Called after a claim whose answer was lost: jobs that the database assigns to this worker and that are not in `known`
-- return to the queue at once. Returns how many there were; negative where another transaction has locked some of them:
-- the worker then calls again.
create or replace function signalbox.worker_disown(id uuid, known uuid[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	lost     json;
	n        bigint;
begin
	select coalesce(json_agg(json_build_object('message_id', q.message_id, 'job_id', q.job_id, 'outcome', 'released')), '[]'), count(*)
		into lost, n
		from running q where q.worker_id = worker_of(worker_disown.id) and not q.job_id = any (known);
	if exists (select from settle_batch(id, lost, 1, '0 s', true) s where s.result = 'busy') then
		return -n;
	end if;
	return n;
end $$;
grant execute on function signalbox.worker_disown to signalbox_worker;
