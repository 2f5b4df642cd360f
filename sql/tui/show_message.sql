-- $1 text word, $2 bool context -> doc jsonb
select case when $2 then f else f - 'context' end as doc
from signalbox.message_uuid($1) u, signalbox.message_full(u, 67108864) f where u is not null
