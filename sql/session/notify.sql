-- $1 text channel, $2 text payload -> done void
select pg_notify($1, $2) as done
