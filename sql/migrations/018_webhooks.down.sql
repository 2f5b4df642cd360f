drop table if exists signalbox.webhook_deliveries, signalbox.webhooks;
drop function if exists signalbox.tell_webhooks(bigint[]), signalbox.webhook_secrets(), signalbox.webhook_take(text[], int), signalbox.webhook_done(jsonb),
	signalbox.webhook_create(text, text, text, text[], text), signalbox.webhook_list(), signalbox.webhook_remove(int, text), signalbox.webhook_test(int, text),
	signalbox.webhook_log(int, bigint, int);
