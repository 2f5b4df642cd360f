-- -> done void
select signalbox.tend() as done
