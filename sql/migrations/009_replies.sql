-- How a reply ended, what people set for a call, and a provider that has enough and does not say for how long (docs/decisions/015-how-a-reply-ends.md).

-- finish_reason: stop, length, tool_calls, content_filter, or the vendor's own word; null where nobody said one.
alter table ai_messages add column finish_reason text;
-- proof: what showed that the reply was whole: reason, mark (the protocol's last event), reason+mark, or body (it came in one piece).
-- vendor_cost_pico: what the vendor says that the call cost, beside our own cost_pico.
alter table attempts add column finish_reason text, add column proof text, add column vendor_cost_pico bigint;
alter table ai_costs add column vendor_cost_pico bigint;
alter type settle_record add attribute finish_reason text, add attribute proof text, add attribute vendor_cost_pico bigint;
drop view attempts_and_running;
create view attempts_and_running as
	select * from attempts
	union all
	select q.job_id, q.message_id, q.agent_id, q.runs, q.worker_id, w.name, p.slug, a.model, q.changed_at, null, null, null, null, null, null, null,
		null, null, null, null, null, null, null, null, null, null
	from queue q join agents a on a.id = q.agent_id left join providers p on p.id = a.provider_id left join workers w on w.id = q.worker_id
	where q.state = 'running';

-- reasoning: an effort, or a budget of tokens.
alter table agents
	add column temperature numeric check (temperature between 0 and 2),
	add column top_p numeric check (top_p > 0 and top_p <= 1),
	add column reasoning text check (reasoning ~ '^(none|minimal|low|medium|high|[1-9][0-9]{0,6})$');
-- header: lines "Name: value"; query: "name=value&…". $NAME in a value is a variable of the workers: secrets are never stored.
alter table providers add column header text, add column query text;

-- Refusals in a row that named no wait; each doubles the next one.
alter table breakers add column unsaid int not null default 0;

-- The version of OpenAI's protocol follows only a bare host from now on. Addresses that had it inserted get it written out.
update providers set base_url = base_url || '/v1'
	where protocol = 'openai' and base_url ~ '^https?://[^/]+/[^?]' and base_url !~ '/v[0-9]+[a-z0-9]*(/openai)?$' and base_url !~ '[?#]';

drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page(), signalbox.transcript(uuid, int);
do $$
begin
	alter view attempts_and_running owner to signalbox_owner;
	grant select on attempts_and_running to signalbox_viewer, signalbox_worker;
end $$;
