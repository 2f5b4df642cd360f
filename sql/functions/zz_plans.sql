-- Sets the planner settings of functions. The words of `-- plans: word, word` behind the $$ of a function become
-- settings of this function here.
-- A session plans the statements of a function once, possibly while the tables are new and empty; such a plan must not
-- stay in use when the tables are large: hence `index`. The planner then estimates the plan as expensive, and would
-- compile it: hence `no_jit`. `generic`: planning for the arguments of each call would take longer than the work
-- itself.
do $$
declare
	f        record;
	settings text[];
	setting  text;
begin
	for f in select p.oid::regprocedure as name, x.word from pg_proc p,
			lateral regexp_split_to_table(substring(p.prosrc from '^\s*-- plans: ([a-z_, ]+)'), ', ') x(word) where p.pronamespace = 'signalbox'::regnamespace loop
		settings := case f.word
			when 'index' then array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']    -- few rows of many: one index look-up for each
			when 'no_seqscan' then array['enable_seqscan']
			when 'no_bitmap' then array['enable_bitmapscan']    -- reads in index order, and stops at the limit
			when 'no_nestloop' then array['enable_nestloop']    -- all rows are joined: by hash or merge
			when 'no_jit' then array['jit']     
			when 'nestloop' then array[]::text[]                -- allows nested loops also where the caller has switched them off
			when 'generic' then array[]::text[] end;        
		if settings is null then
			raise exception 'function %: no plan is called %', f.name, f.word;
		end if;
		foreach setting in array settings loop
			execute format('alter function %s set %I = off', f.name, setting);
		end loop;
		if f.word = 'nestloop' then
			execute format('alter function %s set enable_nestloop = on', f.name);
		elsif f.word = 'generic' then
			execute format('alter function %s set plan_cache_mode = force_generic_plan', f.name);
		end if;
	end loop;
end $$;
