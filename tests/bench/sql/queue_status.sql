select signalbox.queue_status()
