-- $1 uuid[] messages, $2 uuid[] jobs, $3 text actor, $4 interval hold, $5 interval pace -> done int8, skipped int8
select done, skipped from signalbox.retry_hold_many($1, $2, $3, $4, $5)
