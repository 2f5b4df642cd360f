-- -> provider text, name text
select p.slug as provider, n as name from signalbox.providers p cross join lateral signalbox.provider_secrets(p.key_env, p.header, p.query) n order by 1, 2
