-- How many calls of a chain were really made and refused for their rate. (PL/pgSQL: most answers have no chain, and
-- then no query runs.)
create or replace function signalbox.refusals(chain jsonb) returns bigint
language plpgsql immutable as $$
begin
	if chain is null then
		return 0;
	end if;
	return (select count(*) from jsonb_to_recordset(chain) c(class text, ms bigint) where c.class = 'rate_limited' and c.ms is not null);
end $$;
