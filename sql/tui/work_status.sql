-- $1 int8 work -> doc jsonb
select signalbox.work_status($1) as doc
