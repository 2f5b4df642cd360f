-- Fewer entries of indexes for each message (docs/decisions/018-the-floor-plan.md): the head of a session is in
-- queue_one_head, so the index of a session's messages has only those behind it.
drop index queue_session;
create index queue_blocked on queue (session_id, message_id) where state = 'blocked';
