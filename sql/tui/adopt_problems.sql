-- $1 text table, $2 bool skip_triggers -> problem text
select unnest(signalbox.adopt_problems(signalbox.adopt_named($1), $2)) as problem
