select * from signalbox.dispatch('bench-' || lpad((1 + (:n * 7919) % (select count(*) from signalbox.lanes))::text, 4, '0'), 'bench: a dispatch, number :n')
