-- Runs one chore. A chore that fails is rolled back, reported by `doctor` and an alert, and tried again when it is due;
-- the other chores go on. Waits for a lock 1 s at most. False: the statement's time was over.
create or replace function signalbox.chore(chore text) returns boolean
language plpgsql set search_path = pg_catalog, signalbox, pg_temp set lock_timeout = '1s' as $$
declare
	began timestamptz := clock_timestamp();
begin
	begin
		case chore
			when 'totals' then
				perform count_totals();
				perform map_lanes();
			when 'sweep' then perform sweep_lanes();
			when 'days' then perform roll_days();
			when 'fold' then perform fold_stats();
			when 'forget' then perform forget();
		end case;
	exception
		when query_canceled then
			perform chore_done(chore, began, sqlerrm);
			return false;
		when others then
			perform chore_done(chore, began, sqlerrm);
			return true;
	end;
	perform chore_done(chore, began, null);
	return true;
end $$;
