-- Adds two arrays of counts, bucket by bucket. A loop, not a query: settle_batch() calls it for every batch.
create or replace function signalbox.add_counts(a int[], b int[]) returns int[]
language plpgsql immutable as $$
declare
	counts int[] := case when cardinality(a) >= cardinality(b) then a else b end;
	other  int[] := case when cardinality(a) >= cardinality(b) then b else a end;
begin
	for i in 1 .. cardinality(other) loop
		counts[i] := counts[i] + other[i];
	end loop;
	return counts;
end $$;
