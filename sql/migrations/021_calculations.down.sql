drop function if exists signalbox.contexts(uuid, bigint[], uuid[], boolean), signalbox.transcript(uuid, int), signalbox.run_write(uuid, jsonb), signalbox.runs_of(bigint, int);
delete from signalbox.runs where kind <> 'exec';
alter table signalbox.runs
	drop constraint runs_verdict_check,
	drop column kind, drop column message_id, drop column job_id, drop column agent_id,
	add constraint runs_verdict_check check (verdict in ('ok', 'error', 'timeout', 'memory_limit', 'output_limit', 'disk_limit', 'rejected', 'cancelled', 'sandbox_error'));
alter table signalbox.agents drop column calculations, drop column calculation_timeout, drop column run_code;
