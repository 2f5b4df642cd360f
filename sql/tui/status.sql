-- -> status jsonb
select signalbox.queue_status() as status
