-- -> n int8
select signalbox.http_tokens() as n
