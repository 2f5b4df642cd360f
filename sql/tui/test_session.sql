-- $1 text agent, $2 text operator -> session uuid
select signalbox.test_session($1, $2) as session
