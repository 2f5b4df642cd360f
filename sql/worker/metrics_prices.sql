-- $1 text[] providers, $2 text[] models -> n int8, input_pico int8, cached_pico int8, output_pico int8
select u.n, p.input_pico, coalesce(p.cache_read_pico, p.input_pico) as cached_pico, p.output_pico
from unnest($1::text[], $2::text[]) with ordinality u(provider, model, n) cross join lateral signalbox.tariff(u.provider, u.model, u.model, now()) p
