-- $1 text name, $2 text hash, $3 text hint, $4 text[] agents, $5 text[] scopes, $6 bool public, $7 text user, $8 text collection, $9 text thread, $10 text sign, $11 text[] origins, $12 interval lives, $13 text actor -> doc jsonb, id text
select t as doc, t ->> 'id' as id from signalbox.token_create($1, decode($2, 'hex'), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) t
