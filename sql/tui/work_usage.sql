-- $1 int8 work -> usage jsonb
select signalbox.work_status($1) #> '{result,usage}' as usage
