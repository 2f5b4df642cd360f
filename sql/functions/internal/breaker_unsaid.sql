-- Parks a model that refused calls and did not say for how long: each time twice as long as before, for the whole
-- fleet. Calls that were in progress when the model was parked get the same refusal; they do not lengthen the wait.
create or replace function signalbox.breaker_unsaid(provider text, model text, key_env text, reason text, detail text) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	longest constant int := 300;   -- seconds
	n       int;
	is_held boolean;
begin
	lock table lock_breakers in exclusive mode;
	select least(b.unsaid + 1, 20), b.state = 'parked' and b.until > clock_timestamp() into n, is_held from breakers b
		where b.provider = breaker_unsaid.provider and b.model = breaker_unsaid.model and b.key_env = breaker_unsaid.key_env;
	if is_held then
		return;
	end if;
	n := coalesce(n, 1);
	perform breaker_hold(provider, model, key_env, 'parked', make_interval(secs => least(2 ^ n, longest)), reason, detail);
	update breakers b set unsaid = n where b.provider = breaker_unsaid.provider and b.model = breaker_unsaid.model and b.key_env = breaker_unsaid.key_env;
end $$;
