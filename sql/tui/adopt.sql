-- $1 text table, $2 bool skip_triggers -> n int8
select signalbox.adopt($1, $2) as n
