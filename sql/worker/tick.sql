-- -> moved int8
select signalbox.tick() as moved
