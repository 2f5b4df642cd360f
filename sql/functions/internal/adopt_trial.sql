-- Does everything that will happen to messages in an adopted table now, with messages of an agent made for this, and
-- undoes it: in a session of ours and in one of the application's. Then the table is given back, must be as it was
-- before, and that is undone too. What fails here (SB003) would have failed later, message after message.
create or replace function signalbox.adopt_trial(rel regclass, counters jsonb) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	slug   constant text := 'signalbox-trial-' || left(md5(random()::text), 8);
	worker constant uuid := gen_random_uuid();
	a      adopted;
	d      record;
	later  record;
	job    record;
	place  uuid := (select uuid from ai_sessions where id > 0 order by id desc limit 1);
	step   text;
	ends   text[] := array['failed', 'completed', 'cancelled'];
	long   text := repeat('x', 70000);
	said   text;
	what   text;
	state  text;
	col    text;
	now_is text[];
begin
	select * into a from adopted;
	begin
		perform agent_set(slug, '{"name": "trial"}', 'adopt');
		update fleet set paused_at = null;
		perform worker_hello(worker, 'adopt', '0', 9, array[slug], '60 s');
		foreach what in array array['ours', 'theirs'] loop
			exit when what = 'theirs' and place is null;
			step := 'dispatched';
			select * into d from dispatch(slug, long, case when what = 'theirs' then place end);
			select * into later from dispatch(slug, 'later', d.session_id, run_after => clock_timestamp() + interval '1 h');
			foreach said in array ends loop
				step := 'claimed';
				select * into job from take(worker, 1, '60 s');
				if job.message_uuid is distinct from d.message_id then
					raise exception 'it is not found again: is there a rule or a trigger that changes what is written?';
				end if;
				exit when said = 'cancelled';
				step := 'settled';
				perform settle(worker, json_build_array(json_build_object('message_id', job.message_id, 'job_id', job.job_id,
					'outcome', case said when 'failed' then 'error' else said end, 'content', long, 'error_class', 'server_error', 'error', left(long, 4000), 'is_permanent', true,
					'provider', slug, 'model', left(long, 120), 'model_asked', left(long, 120), 'tokens_prompt', 3000000, 'tokens_completion', 3000000, 'generation_ms', 300000,
					'finish_reason', 'content_filter', 'was_called', true, 'context', json_build_object('x', long))), 1, '0 s');
				if message_status(d.message_id) ->> 'status' <> said
					or said = 'completed' and message_status(d.message_id) ->> 'content' is distinct from long then
					raise exception 'its answer is not found again: is there a trigger that changes what is written?';
				end if;
				step := 'retried';
				if said = 'failed' then
					perform retry(d.message_id, 'adopt');
				else
					select * into d from dispatch(slug, 'x', d.session_id);
				end if;
			end loop;
			step := 'cancelled';
			perform cancel(d.message_id, 'adopt'), cancel(later.message_id, 'adopt');
			step := 'shown';
			perform from transcript(d.session_id, 9);
			perform from queue_page();
			perform from failed_page();
			perform message_full(d.message_id);
		end loop;
		step := 'committed';
		set constraints all immediate;
		raise exception 'undo' using errcode = 'SB999';
	exception when sqlstate 'SB999' then
		null;
	when others then
		get stacked diagnostics state = returned_sqlstate, said = message_text, what = constraint_name, col = column_name;
		perform adopt_counters_set(counters);
		raise exception '% cannot be adopted: a message could not be %: %', rel, step, case state
			when '23502' then format('%I must hold something: alter table %s alter column %I set default …, or drop not null', col, rel, col)
			when '23514' then format('alter table %s drop constraint %I, or let it allow the roles user and assistant, an empty content, and our statuses', rel, what)
			when '23505' then case when exists (select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_attribute k on k.attrelid = rel and k.attname = 'id'
			                                    where i.indrelid = rel and c.relname = what and i.indkey::text = k.attnum::text)
				then format('the sequence of its numbers is behind: select setval(…, max(id)) from %s', rel)
				else format('%I forbids what is written here: alter table %s drop constraint %I, or drop index', what, rel, what) end
			else said end using errcode = 'SB003';
	end;
	begin
		perform give_back();
		now_is := adopt_shape(rel);
		if to_jsonb(now_is) <> a.had -> 'shape' or a.sessions is not null and to_jsonb(adopt_shape(a.sessions)) <> a.had -> 'sessions_shape' then
			raise exception 'it would be given back with %', (select string_agg(x, '; ') from (
				(select unnest(now_is || adopt_shape(a.sessions)) x) except (select jsonb_array_elements_text((a.had -> 'shape') || coalesce(nullif(a.had -> 'sessions_shape', 'null'), '[]')))) y);
		end if;
		raise exception 'undo' using errcode = 'SB999';
	exception when sqlstate 'SB999' then
		null;
	when others then
		perform adopt_counters_set(counters);
		raise exception '% cannot be adopted: it could not be given back as it is: %', rel, sqlerrm using errcode = 'SB003';
	end;
end $$;
