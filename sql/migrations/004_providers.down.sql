-- Back to one provider an agent.
drop function if exists signalbox.take(uuid, int, interval), signalbox.providers_page(), signalbox.agents_page();
drop view routes;
drop view attempts_and_running;
alter table attempts drop column chain, drop column request_id;
create view attempts_and_running as
	select * from attempts
	union all
	select q.job_id, q.message_id, q.agent_id, q.runs, q.worker_id, w.name, p.slug, a.model, q.changed_at, null, null, null, null, null, null, null,
		null, null, null, null, null
	from queue q join agents a on a.id = q.agent_id left join providers p on p.id = a.provider_id left join workers w on w.id = q.worker_id
	where q.state = 'running';
alter view attempts_and_running owner to signalbox_owner;
grant select on attempts_and_running to signalbox_viewer, signalbox_worker;
alter type settle_record drop attribute tokens_cache_write, drop attribute tokens_cache_write_1h, drop attribute request_id,
	drop attribute chain, drop attribute n_calls;
alter table ai_costs drop column tokens_cache_write, drop column tokens_cache_write_1h;
alter table model_prices drop column cache_write_pico, drop column cache_write_1h_pico, drop column long_tokens, drop column long_input_pico,
	drop column long_output_pico, drop column long_cache_read_pico, drop column context_tokens, drop column has_tools;
drop table agent_routes, provider_days, breakers, breaker_events, breaker_counts;
alter table agents drop column on_cut;
alter table providers drop column timezone;
