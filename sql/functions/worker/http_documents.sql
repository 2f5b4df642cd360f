-- The whole status documents of messages that have ended, by their numbers.
create or replace function signalbox.http_documents(messages bigint[]) returns table (message_id bigint, document jsonb)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
begin
	return query select x.id, status_document(x.id) from (select distinct m as id from unnest(messages) m) x order by x.id;
end $$;
grant execute on function signalbox.http_documents to signalbox_worker;
