-- $1 text token -> name text
select signalbox.http_signer(decode($1, 'hex')) as name
