drop function if exists signalbox.work_args(bigint, uuid), signalbox.work_intent_eval(jsonb), signalbox.attempt_cost(signalbox.attempts),
	signalbox.add_stats(timestamptz, int, uuid, bigint, bigint, bigint, bigint, bigint, bigint, bigint, numeric, bigint, numeric, bigint);
alter table signalbox.providers drop constraint providers_protocol_fkey,
	add constraint providers_protocol_check check (protocol in ('ollama', 'openai', 'anthropic', 'gemini', 'null')) not valid;
drop table signalbox.protocols;
