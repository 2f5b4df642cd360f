-- Maintains what the hot path relies on: totals and maps for positions, the sweep behind the lane cursors, deletion of
-- old rows. The worker that gets lock_tend first does it, on a connection of its own, because it may take long with
-- millions of waiting messages.
create or replace function signalbox.tend() returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_bitmap, no_jit
declare
	name text;
begin
	begin
		lock table lock_tend in exclusive mode nowait;
	exception when lock_not_available then
		return;
	end;
	perform set_config('synchronous_commit', 'off', true);
	-- A chore that failed the last time comes last, because it may use up the time; the others by name in descending
	-- order: the sweep reads the totals.
	for name in select c.name from chores c where c.name not in ('overdue', 'clock') order by c.error is not null, c.name desc loop
		exit when chore_due(name) and not chore(name);
	end loop;
end $$;
grant execute on function signalbox.tend to signalbox_worker;
