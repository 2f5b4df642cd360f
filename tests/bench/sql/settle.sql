select count(*) from signalbox.settle_batch('00000000-0000-4000-8000-000000000001', :v::json, 3, '30 s', true)
