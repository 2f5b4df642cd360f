drop index signalbox.queue_blocked;
create index queue_session on signalbox.queue (session_id, message_id) where state in ('ready', 'blocked', 'delayed', 'running');
