-- Failed messages, newest first, with the cause and the last attempt.
create or replace function signalbox.failed_page(filter jsonb default null, lim int default 50)
returns table (id bigint, message_id uuid, job_id uuid, session_id uuid, agent text, status text, state text, cause text, error text,
	provider text, model text, tries int, retry_count int, since timestamptz, queued_at timestamptz, retry_at timestamptz,
	is_permanent boolean, cost_usd numeric, user_id text, worker text, text text)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
declare
	cond text := filter_where(filter);
	deep int := case when cond = '' then lim else 10000 end;
begin
	return query execute format($q$
		with page as (
			select m.id, m.uuid as message_id, m.job_id, s.uuid as session_id, a.slug as agent, m.processing_status::text as status,
				case when q.retry_at is not null then 'held' else 'failed' end as state,
				split_part(coalesce(m.processing_error, 'unknown'), ':', 1) as cause, m.processing_error::text as error, t.provider, t.model,
				q.errors as tries, m.retry_count, q.changed_at as since, m.queued_at, q.retry_at, coalesce(t.is_permanent, false) as is_permanent,
				usd(attempt_cost(t)) as cost_usd, s.user_id, t.worker_name as worker, left(u.content, 200) as text
			from (select * from queue where state = 'failed' order by changed_at desc limit $1) q
			join ai_messages m on m.id = q.message_id join ai_sessions s on s.id = m.session_id join agents a on a.id = q.agent_id
			left join ai_messages u on u.id = m.reply_to
			left join attempts t on t.message_id = m.id and t.job_id = m.job_id
		)
		select id, message_id, job_id, session_id, agent, status, state, cause, error, provider, model, tries, retry_count, since, queued_at,
			retry_at, is_permanent, cost_usd, user_id, worker, text
		from page where %s order by since desc, id desc limit $2$q$, coalesce(nullif(cond, ''), 'true')) using deep, lim;
end $$;
grant execute on function signalbox.failed_page to signalbox_viewer;
