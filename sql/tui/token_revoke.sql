-- $1 int4 token, $2 text actor -> doc jsonb
select signalbox.token_revoke($1, $2) as doc
