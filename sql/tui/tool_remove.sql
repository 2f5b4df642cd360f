-- $1 text tool, $2 text actor -> done void
select signalbox.tool_remove($1, $2) as done
