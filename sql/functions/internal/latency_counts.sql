-- Counts durations by bucket; the array ends with the last bucket that has any. A loop, not a query: settle_batch()
-- calls it for every batch.
create or replace function signalbox.latency_counts(ms double precision[]) returns int[]
language plpgsql immutable as $$
declare
	counts int[] := '{}';
	m      double precision;
	i      int;
begin
	foreach m in array ms loop
		i := signalbox.latency_bucket(m);
		if i > cardinality(counts) then
			counts := counts || array_fill(0, array[i - cardinality(counts)]);
		end if;
		counts[i] := counts[i] + 1;
	end loop;
	return counts;
end $$;
