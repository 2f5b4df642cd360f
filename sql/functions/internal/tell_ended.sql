-- Tells that these messages have ended in this transaction: the workers, at commit, as far as somebody waits for the end
-- over HTTP, and the webhooks that want to know. A row of `awaited` that is being renewed at this moment is left: whoever
-- waits also looks by itself. A number below zero is a run's (http_documents.sql).
create or replace function signalbox.tell_ended(ids bigint[]) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
declare
	ended bigint;
begin
	for ended in delete from awaited a where a.message_id in (
			select x.message_id from awaited x where x.message_id = any (ids) for update skip locked) returning a.message_id loop
		perform pg_notify('signalbox_ended', ended::text);
	end loop;
	if exists (select from webhooks w where w.removed_at is null) then
		perform tell_webhooks(ids);
	end if;
end $$;
