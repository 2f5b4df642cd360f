-- $1 uuid message, $2 text actor, $3 uuid job, $4 text status -> done int4
select 1 as done from signalbox.cancel($1, $2, $3, $4)
