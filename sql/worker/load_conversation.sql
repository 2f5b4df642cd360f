-- $1 int8 message, $2 int4 window -> role text, content text
-- The message that is asked, after the last $2 messages before it that were said: what failed or was cancelled was not.
select h.role, h.content
from (select m.id, m.role, m.content, row_number() over (order by m.id desc) as back
      from signalbox.ai_messages me
      join signalbox.ai_messages m on m.session_id = me.session_id
       and m.id <= coalesce(me.reply_to, (select max(u.id) from signalbox.ai_messages u
                                          where u.session_id = me.session_id and u.id < me.id and u.role = 'user'))
      where me.id = $1::int8 and m.role in ('user', 'assistant') and m.processing_status = 'completed'
      order by m.id desc limit $2::int4 + 1) h
order by h.id
