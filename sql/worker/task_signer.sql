-- $1 uuid task -> name text
select name from signalbox.task_signer($1)
