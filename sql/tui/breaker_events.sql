-- -> provider text, at text, model text, event text, detail text
select provider, signalbox.utc(at) as at, model, event, detail
from (select *, row_number() over (partition by provider order by id desc) as n from (select * from signalbox.breaker_events order by id desc limit 500) e) x
where n <= 12 order by id desc
