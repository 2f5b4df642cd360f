-- Keeps a reservation for a call that no worker answers for any more (its worker was lost, or the message was
-- cancelled): its usage may still come for two minutes, then it is charged as estimated. said: the part of the answer
-- that was seen.
create or replace function signalbox.keep_reserved(job uuid, message bigint, agent int, said text) returns void
language sql set search_path = pg_catalog, signalbox, pg_temp as $$
	insert into reservations as r (job_id, message_id, agent_id, pico, tokens_input, tokens_output, until)
		select job, message, agent, worst_case(agent, prompt_bytes(message)), prompt_bytes(message) / 4, coalesce(octet_length(said), 0) / 4, clock_timestamp() + interval '2 min'
		on conflict (job_id) do update set until = excluded.until, tokens_output = excluded.tokens_output;
$$;
