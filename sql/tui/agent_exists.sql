-- $1 text agent -> is_there bool
select exists (select from signalbox.agents where slug = $1) as is_there
