-- A model that had refused calls gave an answer: its next refusal counts as the first again. Not while the model is
-- parked: an answer to a call that was already in progress proves nothing then.
create or replace function signalbox.breaker_said(provider text, model text, key_env text) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if exists (select from breakers b where b.provider = breaker_said.provider and b.model = breaker_said.model and b.key_env = breaker_said.key_env and b.unsaid > 0) then
		lock table lock_breakers in exclusive mode;   -- as in breaker_hold()
		update breakers b set unsaid = 0 where b.provider = breaker_said.provider and b.model = breaker_said.model and b.key_env = breaker_said.key_env
			and not (b.state = 'parked' and b.until > clock_timestamp());
	end if;
end $$;
