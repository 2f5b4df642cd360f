-- $1 text name, $2 jsonb changes, $3 text actor -> done void
select signalbox.tool_set($1, $2, $3) as done
