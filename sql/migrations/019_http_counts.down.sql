drop table if exists signalbox.http_minutes;
alter table signalbox.workers drop column if exists http_batch;
drop function if exists signalbox.http_dispatch(bytea, boolean, text, text, uuid, text, text, text, int, text, boolean, boolean), signalbox.http_documents(bigint[], int), signalbox.http_dispatch_many(bytea, boolean, text, text[], boolean[]), signalbox.http_knows(int, text, text), signalbox.http_page(interval), signalbox.http_refused(text[]);
