-- $1 uuid message, $2 text actor, $3 uuid job, $4 interval hold -> done int4
select 1 as done from signalbox.retry_hold($1, $2, $3, 'failed', $4)
