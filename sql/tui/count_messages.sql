-- -> n int8
select count(*) as n from signalbox.ai_messages
