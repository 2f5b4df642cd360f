-- Of each answer the part from byte ats[i] on, at most n bytes, cut before a character; in the order of the arguments. From
-- byte 0 where ats[i] is beyond its end or inside a character (at_byte).
create or replace function signalbox.http_answers(messages bigint[], ats int[], n int) returns table (message_id bigint, at_byte int, text text)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	i    int;
	b    bytea;
	upto int;
begin
	for i in 1 .. cardinality(messages) loop
		message_id := messages[i];
		select convert_to(coalesce(m.content, ''), 'UTF8') into b from ai_messages m where m.id = message_id and m.processing_status = 'completed';
		continue when not found;
		at_byte := ats[i];
		if at_byte > length(b) or at_byte < length(b) and get_byte(b, at_byte) & 192 = 128 then
			at_byte := 0;
		end if;
		upto := least(at_byte + n, length(b));
		while upto > at_byte and upto < length(b) and get_byte(b, upto) & 192 = 128 loop
			upto := upto - 1;
		end loop;
		text := convert_from(substr(b, at_byte + 1, upto - at_byte), 'UTF8');
		return next;
	end loop;
end $$;
grant execute on function signalbox.http_answers to signalbox_worker;
