-- -> provider text, state int4
select provider, state from signalbox.breaker_states()
