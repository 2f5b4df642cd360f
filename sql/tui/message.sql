-- $1 text word -> doc jsonb, question_chars int4, answer_chars int4
select signalbox.message_full(u, 65536) as doc, (select total from signalbox.message_text(u, 'question', 1, 0)) as question_chars,
	(select total from signalbox.message_text(u, 'answer', 1, 0)) as answer_chars
from signalbox.message_uuid($1) u where u is not null
