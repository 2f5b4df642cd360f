-- -> name text
select n as name from signalbox.webhook_secrets() n
