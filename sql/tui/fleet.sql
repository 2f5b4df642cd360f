-- -> workers int8
select signalbox.fleet_slots() as workers
