-- -> agent text, ord int4, provider text, model text, state text, seconds int4, reason text, has_price bool
select agent, ord, provider, model, state, seconds, reason, has_price from signalbox.routes_page()
