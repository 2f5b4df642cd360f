-- $1 int8[] works -> work int8, document jsonb
select work, document from signalbox.http_runs($1)
