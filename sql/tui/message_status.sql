-- $1 uuid message -> doc jsonb, status text, position text, eta text, waits_for text, error text, content text
select s as doc, s ->> 'status' as status, s ->> 'queue_position' as position, s ->> 'eta_seconds' as eta, s ->> 'waits_for' as waits_for, s ->> 'error' as error,
	s ->> 'content' as content from signalbox.message_status($1) s
