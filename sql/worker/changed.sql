-- $1 text channel -> done void
select pg_notify($1::text, '') as done
