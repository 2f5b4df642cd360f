-- The state of a command's work. SB002: no such work.
create or replace function signalbox.work_status(work bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	d jsonb := (select jsonb_build_object('id', w.id, 'kind', w.kind, 'state', w.state, 'done', w.done, 'total', w.total, 'run', w.args -> 'run', 'result', w.result, 'error', w.error,
		'made_by', w.made_by, 'made_at', utc(w.made_at), 'ended_at', utc(w.ended_at)) from work w where w.id = work_status.work);
begin
	if d is null then
		raise exception 'there is no work %', work using errcode = 'SB002';
	end if;
	return d;
end $$;
grant execute on function signalbox.work_status to signalbox_operator;
