select signalbox.queue_position((select uuid from bench.sample where n = :n % 1000 + 1))
