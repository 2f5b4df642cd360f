-- Back to replies whose end is not kept.
drop view attempts_and_running;
alter table attempts drop column finish_reason, drop column proof, drop column vendor_cost_pico;
create view attempts_and_running as
	select * from attempts
	union all
	select q.job_id, q.message_id, q.agent_id, q.runs, q.worker_id, w.name, p.slug, a.model, q.changed_at, null, null, null, null, null, null, null,
		null, null, null, null, null, null, null
	from queue q join agents a on a.id = q.agent_id left join providers p on p.id = a.provider_id left join workers w on w.id = q.worker_id
	where q.state = 'running';
alter view attempts_and_running owner to signalbox_owner;
grant select on attempts_and_running to signalbox_viewer, signalbox_worker;
alter table ai_messages drop column finish_reason;
alter table ai_costs drop column vendor_cost_pico;
alter type settle_record drop attribute finish_reason, drop attribute proof, drop attribute vendor_cost_pico;
alter table agents drop column temperature, drop column top_p, drop column reasoning;
alter table providers drop column header, drop column query;
alter table breakers drop column unsaid;
drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page(), signalbox.transcript(uuid, int);
