-- -> pending int8, queued int8, processing int8, failed int8, completed_today int8, failed_today int8, oldest_us int8, workers int8, slots int8
select (s ->> 'pending')::int8 as pending, (s ->> 'queued')::int8 as queued, (s ->> 'processing')::int8 as processing, (s ->> 'failed')::int8 as failed,
	(s ->> 'completed_today')::int8 as completed_today, (s ->> 'failed_today')::int8 as failed_today,
	((s ->> 'oldest_pending_seconds')::numeric * 1000000)::int8 as oldest_us, (s ->> 'workers_alive')::int8 as workers, (s ->> 'slots')::int8 as slots
from signalbox.queue_status() s
