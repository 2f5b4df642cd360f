-- -> n int8, why text, is_soon bool
select count(*) filter (where no_code is null) as n, min(name || ': ' || no_code) as why, coalesce(bool_or(no_code = 'it has just started'), false) as is_soon
from signalbox.workers where ended_at is null and lease_until > clock_timestamp()
