-- $1 int8[] messages, $2 uuid[] jobs, $3 int4[] ats, $4 text[] texts -> message_id int8, is_watched bool, here int4
select message_id, is_watched, here from signalbox.stream_write($1::int8[], $2::uuid[], $3::int4[], $4::text[])
