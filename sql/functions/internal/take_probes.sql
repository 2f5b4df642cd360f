-- For claim(), while some breaker is open: gives each breaker whose wait is over to one of these jobs as a probe, one
-- probe to a job. First for the answer; then for the intent of the question, where it is not known.
create or replace function signalbox.take_probes(messages bigint[], attempt_timeout interval) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	q        record;
	r        record;
	is_taken boolean;
begin
	for q in select o.message_id, o.agent_id, o.job_id from queue o where o.message_id = any (messages) loop
		is_taken := false;
		for r in select * from routes x where x.agent_id = q.agent_id and x.can_probe order by x.ord loop
			is_taken := probe_take(r.provider, r.model, r.key_env, q.job_id, attempt_timeout);
			exit when is_taken;
		end loop;
		select * into r from all_routes x where x.agent_id = q.agent_id and x.ord = -1 and x.is_held and x.can_probe;
		if found and not is_taken and intent_for(q.agent_id, q.message_id, q.job_id, true) ? 'skip' then
			perform probe_take(r.provider, r.model, r.key_env, q.job_id, attempt_timeout);
		end if;
	end loop;
end $$;
