-- For the next minute these messages' end is told to the workers (tell_ended.sql). with_text: their text is written as
-- it arrives, too (watch.sql). The worker has asked http_dispatch() or http_status() for each of them.
create or replace function signalbox.http_await(messages bigint[], with_text boolean) returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
begin
	insert into awaited select x.id, clock_timestamp() + interval '60 s' from (select distinct m as id from unnest(messages) m) x order by x.id
		on conflict (message_id) do update set until = excluded.until;
	if with_text then
		insert into watches select x.id, clock_timestamp() + interval '60 s' from (select distinct m as id from unnest(messages) m) x order by x.id
			on conflict (message_id) do update set until = excluded.until;
	end if;
end $$;
grant execute on function signalbox.http_await to signalbox_worker;
