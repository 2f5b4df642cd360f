-- What has become of messages for which a worker's clients wait, by their numbers. number: the attempt that runs, or that
-- ended the message. is_ended: completed, failed or cancelled. bytes: the length of the answer; null: there is none. The
-- document is without it. tools: see tool_states(). mark: changes when a client is to be told. A number below zero is a run's (http_documents.sql).
create or replace function signalbox.http_look(messages bigint[])
returns table (message_id bigint, document jsonb, is_running boolean, is_ended boolean, number int, bytes int, mark text, tools text)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
begin
	return query select m.id, jsonb_set(d.doc, '{content}', 'null'), m.processing_status = 'processing', m.processing_status in ('completed', 'failed', 'cancelled'),
		coalesce((select a.number from attempts a where a.message_id = m.id and a.job_id = m.job_id), (select q.runs from queue q where q.message_id = m.id), 0),
		case when m.processing_status = 'completed' then octet_length(coalesce(m.content, '')) end,
		concat_ws(' ', m.processing_status, d.doc ->> 'queue_position', d.doc ->> 'waits_for', m.retry_count), tool_states(m.id)
	from (select distinct x as id from unnest(messages) x) x cross join lateral (select n.* from ai_messages n where n.id = x.id offset 0) m
	cross join lateral (select status_document(m.id) as doc offset 0) d
	union all
	select -r.id, run_document(r.id) - 'code', r.state = 'running', r.state = 'ended', 0, null, r.state, null from unnest(messages) x(id) join runs r on r.id = -x.id
	order by 1;
end $$;
grant execute on function signalbox.http_look to signalbox_worker;
