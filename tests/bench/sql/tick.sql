select signalbox.tick()
