-- Takes the queue away. The roles stay: they belong to the cluster, and other databases may use them.
-- An application's own table goes back to it first.
select signalbox.give_back() from signalbox.adopted;
drop table if exists test_sessions, adopted, alert_rules, operator_log, message_stream, watches, stats_minute, ai_costs, attempts, stops,
	workers, idempotency_keys, queue, ai_messages, ai_sessions, model_prices, starts, lanes, agents, providers cascade;
drop sequence if exists queue_seq, turn_seq;
drop type if exists queue_state, settle_record cascade;
