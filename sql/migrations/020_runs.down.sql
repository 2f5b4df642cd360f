drop table if exists signalbox.runs;
alter table signalbox.workers drop column if exists no_code;
delete from signalbox.work where kind = 'exec';
drop function if exists signalbox.work_begin(uuid, text[]), signalbox.work_exec(jsonb), signalbox.run_close(bigint), signalbox.http_exec(bytea, boolean, text, text, int), signalbox.run_document(bigint);
