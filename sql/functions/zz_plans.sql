-- How functions are planned. `-- plans: word, word` behind the $$ of a function says what it needs; here the words become settings of it.
-- A session plans a function's statements once, maybe while the tables are new and empty; such a plan must not stay when they are large: hence `index`, and what
-- the planner then thinks dear must not be compiled: hence `no_jit`. `generic`: planning for the arguments of each call would take longer than the work.
do $$
declare
	f        record;
	settings text[];
	setting  text;
begin
	for f in select p.oid::regprocedure as name, x.word from pg_proc p,
			lateral regexp_split_to_table(substring(p.prosrc from '^\s*-- plans: ([a-z_, ]+)'), ', ') x(word) where p.pronamespace = 'signalbox'::regnamespace loop
		settings := case f.word
			when 'index' then array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']    -- few rows of many, a look for each
			when 'no_seqscan' then array['enable_seqscan']
			when 'no_bitmap' then array['enable_bitmapscan']    -- in the order of an index, and no further than a limit
			when 'no_nestloop' then array['enable_nestloop']    -- all rows of all
			when 'no_jit' then array['jit']     
			when 'nestloop' then array[]::text[]                -- also where whoever calls it has none
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
