-- $1 text token, $2 bool local, $3 text scope -> token int4
select signalbox.http_may(decode($1, 'hex'), $2, $3) as token
