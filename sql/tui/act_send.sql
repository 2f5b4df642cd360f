-- $1 text agent, $2 text content, $3 text operator, $4 uuid session -> message uuid
select signalbox.test_dispatch($1, $2, $3, $4) as message
