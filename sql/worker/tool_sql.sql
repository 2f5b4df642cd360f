-- $1 uuid call, $2 uuid job, $3 jsonb arguments, $4 jsonb context, $5 int4 cap -> result text, result_bytes int8, failure text
select result, result_bytes, failure from signalbox.tool_sql($1, $2, $3, $4, $5)
