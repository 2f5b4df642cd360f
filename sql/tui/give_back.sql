-- -> rel text
select signalbox.give_back() as rel
