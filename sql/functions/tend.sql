-- The care of what the hot path relies on, by whichever worker comes first, on a connection of its own because it may take long with
-- millions waiting: totals and maps for positions, the sweep behind the lanes' cursors, what may be forgotten.
create or replace function signalbox.tend() returns void
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off as $$
declare
	began timestamptz := clock_timestamp();
begin
	if not pg_try_advisory_xact_lock(hashtext('signalbox.tend')) then
		return;
	end if;
	perform set_config('synchronous_commit', 'off', true);
	if chore_due('totals', '900 ms') then
		perform count_totals();
		perform map_lanes();
		perform chore_done('totals', began);
	end if;
	began := clock_timestamp();
	if chore_due('sweep', '1 s') then
		perform sweep_lanes();
		perform chore_done('sweep', began);
	end if;
	began := clock_timestamp();
	if chore_due('days', '60 s') then
		perform roll_days();
		perform chore_done('days', began);
	end if;
	began := clock_timestamp();
	if chore_due('fold', '5 min') then
		perform fold_stats();
		perform chore_done('fold', began);
	end if;
	began := clock_timestamp();
	if chore_due('forget', '5 s') then
		perform forget();
		perform chore_done('forget', began);
	end if;
end $$;
