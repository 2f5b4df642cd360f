-- Checks work of the kind exec, {"language", "code", "timeout_ms"}, and writes its run down. Returns what work_intent_eval()
-- returns; no agent pays. SB004: it is refused.
create or replace function signalbox.work_exec(asked jsonb, out args jsonb, out agent int, out worst_case numeric, out total int, out said jsonb)
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	code text := asked ->> 'code';
	ms   int := coalesce((asked ->> 'timeout_ms')::int, 10000);
	run  bigint;
begin
	if asked ->> 'language' is null or asked ->> 'language' not in ('python', 'javascript', 'bash') then
		raise exception 'language: python, javascript or bash' using errcode = 'SB004';
	elsif coalesce(btrim(code, E' \t\r\n'), '') = '' or octet_length(code) > 1048576 then
		raise exception 'code: is empty, or over a megabyte' using errcode = 'SB004';
	elsif ms not between 1 and 300000 then
		raise exception 'timeout: at most five minutes' using errcode = 'SB004';
	end if;
	insert into runs (language, code, code_hash, timeout_ms) values (asked ->> 'language', code, sha256(convert_to(code, 'UTF8')), ms) returning id into run;
	args := jsonb_build_object('run', run);
	total := 1;
	worst_case := 0;
	said := jsonb_build_object('run', run, 'language', asked ->> 'language');
end $$;
