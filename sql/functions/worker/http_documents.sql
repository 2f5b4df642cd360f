-- The whole documents of those of the messages that have ended, by their numbers: as many as have max_bytes of answers,
-- and the one that goes beyond. A number below zero is a run's (runs.id): clients wait for those in the same way.
create or replace function signalbox.http_documents(messages bigint[], max_bytes int default 2147483647) returns table (message_id bigint, document jsonb)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	bytes bigint := 0;
begin
	for message_id in select distinct m from unnest(messages) m order by 1 loop
		document := case when message_id > 0 then status_document(message_id) else run_document(-message_id) end;
		if document ->> 'status' in ('completed', 'failed', 'cancelled') or document ->> 'verdict' is not null then
			return next;
			bytes := bytes + coalesce(octet_length(document ->> 'content'), octet_length(document ->> 'output'), 0);
			exit when bytes > max_bytes;
		end if;
	end loop;
end $$;
grant execute on function signalbox.http_documents to signalbox_worker;
