#include "worker/net/split.h"

#include <sys/types.h>

#include "shared/utf8.h"

static const char BOM[] = "\xEF\xBB\xBF";

void split_init(struct splitter *s)
{
	*s = (struct splitter){ .item = STRBUF_INIT(SPLIT_LINE_MAX), .data = STRBUF_INIT(SPLIT_LINE_MAX) };
}

void split_release(struct splitter *s)
{
	strbuf_release(&s->item);
	strbuf_release(&s->data);
}

size_t brackets_follow(struct brackets *b, struct str text)
{
	size_t i = 0;
	while (i < text.len) {
		char c = text.ptr[i++];
		if (b->in_string) {
			if (b->is_escaped)
				b->is_escaped = false;
			else if (c == '\\')
				b->is_escaped = true;
			else if (c == '"')
				b->in_string = false;
		} else if (c == '"') {
			b->in_string = true;
		} else if (c == '{' || c == '[') {
			b->depth++;
			b->has_begun = true;
		} else if (c == '}' || c == ']') {
			b->depth--;
			if (b->depth <= 0)
				break;
		}
	}
	return i;
}

/* True when the data lines so far are a whole JSON value: no further line can belong to it. */
static bool data_is_whole(struct splitter *s)
{
	if (!brackets_closed(&s->seen) && s->data.len > s->seen_bytes) {
		struct str more = { s->data.ptr + s->seen_bytes, s->data.len - s->seen_bytes };
		s->seen_bytes += brackets_follow(&s->seen, more);
	}
	if (!brackets_closed(&s->seen))
		return false;
	/* each byte is looked at once */
	s->seen_bytes += strspn(s->data.ptr + s->seen_bytes, " \t\n");
	return s->seen_bytes == s->data.len;
}

static int dispatch(struct splitter *s, split_event fn, void *ctx, struct err *err)
{
	int result = 0;
	if (s->data.len > 0)
		result = fn(ctx, s->event, (struct str){ strbuf_text(&s->data), s->data.len }, err);
	strbuf_clear(&s->data);
	s->seen = (struct brackets){ .depth = 0 };
	s->seen_bytes = 0;
	s->event[0] = '\0';
	s->has_data = false;
	return result;
}

static int add_data(struct splitter *s, struct str value, split_event fn, void *ctx, struct err *err)
{
	bool begins = value.len > 0 && (value.ptr[0] == '{' || value.ptr[0] == '[');
	if (s->has_data && begins && data_is_whole(s) && dispatch(s, fn, ctx, err) < 0)
		return -1;
	if (s->has_data)
		strbuf_char(&s->data, '\n');
	strbuf_add(&s->data, value.ptr, value.len);
	s->has_data = true;
	return s->data.broken ? err_set(err, ERR_TOO_BIG, "an event over %u bytes", SPLIT_LINE_MAX) : 0;
}

static bool is_field(struct str name)
{
	return name.len == 0 || str_eq(name, "data") || str_eq(name, "event") || str_eq(name, "id") || str_eq(name, "retry") ||
	       str_eq(name, "error");
}

/* Reads one line of an event stream, without its line end. */
static int sse_line(struct splitter *s, struct str line, split_event fn, void *ctx, struct err *err)
{
	if (line.len == 0)
		return dispatch(s, fn, ctx, err);
	const char *colon = memchr(line.ptr, ':', line.len);
	struct str name = { line.ptr, colon != NULL ? (size_t)(colon - line.ptr) : line.len };
	struct str value = { line.ptr + line.len, 0 };
	if (colon != NULL) {
		value = (struct str){ colon + 1, line.len - name.len - 1 };
		if (value.len > 0 && value.ptr[0] == ' ')
			value = (struct str){ value.ptr + 1, value.len - 1 };
	}
	s->is_sse |= is_field(name);
	s->begun |= s->is_sse;
	if (!s->begun && s->strange[0] == '\0')
		snprintf(s->strange, sizeof s->strange, "%.*s", (int)MIN(line.len, sizeof s->strange - 1), line.ptr);
	if (str_eq(name, "data"))
		return add_data(s, value, fn, ctx, err);
	/* llama.cpp sends errors in a field of its own. */
	if (str_eq(name, "error") && value.len > 0 && value.ptr[0] == '{') {
		if (dispatch(s, fn, ctx, err) < 0)
			return -1;
		snprintf(s->event, sizeof s->event, "error");
		return add_data(s, value, fn, ctx, err);
	}
	/* A server wrote an error into the stream as a plain JSON line, after an event without its
	 * empty line. */
	if (line.ptr[0] == '{' && s->has_data && data_is_whole(s))
		return add_data(s, line, fn, ctx, err);
	if (str_eq(name, "event"))
		snprintf(s->event, sizeof s->event, "%.*s", (int)MIN(value.len, sizeof s->event - 1), value.ptr);
	return 0;
}

static int end_line(struct splitter *s, split_event fn, void *ctx, struct err *err)
{
	int result = sse_line(s, (struct str){ strbuf_text(&s->item), s->item.len }, fn, ctx, err);
	strbuf_clear(&s->item);
	return result;
}

static int too_long(struct err *err)
{
	return err_set(err, ERR_TOO_BIG, "a line over %u bytes", SPLIT_LINE_MAX);
}

/* Continues the JSON value; returns how many bytes were taken, -1 with err. */
static ssize_t feed_json(struct splitter *s, struct str bytes, split_event fn, void *ctx, struct err *err)
{
	size_t n = brackets_follow(&s->json, bytes);
	strbuf_add(&s->item, bytes.ptr, n);
	if (s->item.broken)
		return too_long(err);
	if (!brackets_closed(&s->json))
		return (ssize_t)n;
	int result = fn(ctx, s->event, (struct str){ strbuf_text(&s->item), s->item.len }, err);
	strbuf_clear(&s->item);
	s->is_json = false;
	return result < 0 ? -1 : (ssize_t)n;
}

/* Continues the line, up to its end if that has come; returns how many bytes were taken, -1 with
 * err. */
static ssize_t feed_line(struct splitter *s, struct str bytes, split_event fn, void *ctx, struct err *err)
{
	size_t n = 0;
	while (n < bytes.len && bytes.ptr[n] != '\n' && bytes.ptr[n] != '\r')
		n++;
	strbuf_add(&s->item, bytes.ptr, n);
	if (s->item.broken)
		return too_long(err);
	if (n == bytes.len)
		return (ssize_t)n;
	s->after_cr = bytes.ptr[n] == '\r';
	return end_line(s, fn, ctx, err) < 0 ? -1 : (ssize_t)n + 1;
}

/* At the beginning of an item: true when c is skipped. */
static bool skip(struct splitter *s, char c)
{
	if (c == '\n' && s->after_cr) { /* the second half of \r\n, maybe in another piece */
		s->after_cr = false;
		return true;
	}
	s->after_cr = false;
	if (!s->begun && s->n_bom < 3 && c == BOM[s->n_bom]) {
		s->n_bom++;
		return true;
	}
	if (s->is_array && c == ']') {
		s->is_array = false;
		return true;
	}
	return c == ' ' || c == '\t' || (s->is_array && (c == ',' || c == '\n' || c == '\r'));
}

/* Begins a JSON value, or the array around the values; false when the item is a line. */
static bool begin_json(struct splitter *s, char c)
{
	if (s->has_data || (c != '{' && c != '['))
		return false;
	s->is_json = c == '{' || s->begun;
	s->is_array |= !s->is_json;
	s->begun = true;
	s->json = (struct brackets){ .depth = 0 };
	return true;
}

int split_feed(struct splitter *s, struct str bytes, split_event fn, void *ctx, struct err *err)
{
	for (size_t i = 0; i < bytes.len;) {
		struct str rest = { bytes.ptr + i, bytes.len - i };
		ssize_t n;
		if (!s->is_json && s->item.len == 0) {
			if (skip(s, *rest.ptr)) {
				i++;
				continue;
			}
			if (begin_json(s, *rest.ptr) && !s->is_json) { /* the array's bracket */
				i++;
				continue;
			}
		}
		n = s->is_json ? feed_json(s, rest, fn, ctx, err) : feed_line(s, rest, fn, ctx, err);
		if (n < 0)
			return -1;
		i += (size_t)n;
	}
	return 0;
}

int split_end(struct splitter *s, split_event fn, void *ctx, struct err *err)
{
	if (!s->is_json && s->item.len > 0 && end_line(s, fn, ctx, err) < 0)
		return -1;
	if (!s->begun && s->strange[0] != '\0') {
		struct strbuf safe = STRBUF_INIT(sizeof s->strange * 8);
		utf8_safe(&safe, str_of(s->strange), false);
		err_set(err, ERR_BAD_REPLY, "the answer is neither events nor JSON: %.120s", strbuf_text(&safe));
		strbuf_release(&safe);
		return -1;
	}
	return !s->is_json && s->has_data && data_is_whole(s) ? dispatch(s, fn, ctx, err) : 0;
}
