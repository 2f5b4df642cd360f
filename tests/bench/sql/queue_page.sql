select count(*) from signalbox.queue_page(null, 200)
