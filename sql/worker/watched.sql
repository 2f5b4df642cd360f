-- $1 uuid worker -> message_id int8
select q.message_id from signalbox.watches w join signalbox.queue q on q.message_id = w.message_id
where q.worker_id = $1::uuid and q.state = 'running' and w.until > now()
