-- $1 interval older, $2 bool failed, $3 int4 batch, $4 int8 after, $5 bool really, $6 text actor -> n int8, upto int8, is_over bool
select n, upto, is_over from signalbox.prune($1, $2, $3, $4, $5, $6)
