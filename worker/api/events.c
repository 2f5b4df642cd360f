#include "worker/api/events.h"

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/utf8.h"

static void event_say(struct waiter *one, struct strbuf *event)
{
	feed_add(one->feed, (struct str){ strbuf_text(event), event->len });
	one->said_at = clock_mono();
	strbuf_release(event);
}

void event_document(struct waiter *one, const char *event, const char *document, bool has_id)
{
	struct strbuf b = STRBUF_INIT(16u << 20);
	if (has_id)
		strbuf_addf(&b, "id: %d:%zu\n", one->number, one->at);
	strbuf_addf(&b, "event: %s\ndata: ", event);
	strbuf_str(&b, document);
	strbuf_str(&b, "\n\n");
	event_say(one, &b);
}

void event_tools(struct waiter *one, const char *document)
{
	if (document == NULL || feed_room(one->feed) < PIECE_ROOM || (one->tools != NULL && strcmp(one->tools, document) == 0))
		return;
	free(one->tools);
	one->tools = xstrdup(document);
	event_document(one, "tool", document, false);
}

void event_attempt(struct waiter *one, int number, bool has_text)
{
	struct strbuf b = STRBUF_INIT(512);
	bool had = one->at > 0;
	one->number = number;
	one->at = 0;
	if (!had || has_text) /* the first piece, at offset 0, says it */
		return;
	strbuf_addf(&b, "id: %d:0\nevent: delta\ndata: {\"attempt\":%d,\"offset\":0,\"text\":\"\"}\n\n", number, number);
	event_say(one, &b);
}

void event_text(struct waiter *one, int number, size_t from, struct str text)
{
	if (one->number != number || one->at < from || one->at > from + text.len ||
	    (one->at < from + text.len && (text.ptr[one->at - from] & 0xc0) == 0x80)) /* inside a character: no id of ours */
		event_attempt(one, number, text.len > 0);
	while (one->at >= from && one->at < from + text.len && feed_room(one->feed) >= PIECE_ROOM) {
		struct strbuf b = STRBUF_INIT(PIECE_ROOM);
		struct str piece = { text.ptr + (one->at - from), MIN(from + text.len - one->at, (size_t)PIECE_MAX) };
		piece.len -= utf8_unfinished(piece);
		if (piece.len == 0)
			return;
		strbuf_addf(&b, "id: %d:%zu\nevent: delta\ndata: {", number, one->at + piece.len);
		json_put_int_field(&b, "attempt", number);
		json_put_int_field(&b, "offset", (int64_t)one->at);
		json_put_key(&b, "text");
		json_put_str(&b, piece);
		strbuf_str(&b, "}\n\n");
		one->at += piece.len;
		event_say(one, &b);
	}
}
