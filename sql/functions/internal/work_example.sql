-- Work of the kind example.
create or replace function signalbox.work_example(asked jsonb, out args jsonb, out agent int, out worst_case numeric, out total int, out said jsonb)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	args := asked;
	total := 1;
end $$;
