#include "worker/net/sse.h"

void split_init(struct splitter *s, enum split_kind kind)
{
	*s = (struct splitter){ .kind = kind, .line = STRBUF_INIT(SPLIT_LINE_MAX), .data = STRBUF_INIT(SPLIT_LINE_MAX) };
}

void split_release(struct splitter *s)
{
	strbuf_release(&s->line);
	strbuf_release(&s->data);
}

static int dispatch(struct splitter *s, split_event fn, void *ctx, struct err *err)
{
	int result = 0;
	if (s->has_data)
		result = fn(ctx, s->event, (struct str){ strbuf_text(&s->data), s->data.len }, err);
	strbuf_clear(&s->data);
	s->event[0] = '\0';
	s->has_data = false;
	return result;
}

/* One line of an event stream, without its end. */
static int sse_line(struct splitter *s, struct str line, split_event fn, void *ctx, struct err *err)
{
	/* No field begins so: an error said bare, without `data:`, as Google does in the middle of a stream. It goes on to the end of the body. */
	s->is_bare |= !s->has_data && line.len > 0 && (line.ptr[0] == '{' || line.ptr[0] == '[');
	if (s->is_bare) {
		strbuf_add(&s->data, line.ptr, line.len);
		strbuf_char(&s->data, '\n');
		s->has_data = true;
		return s->data.broken ? err_set(err, ERR_TOO_BIG, "an event over %u bytes", SPLIT_LINE_MAX) : 0;
	}
	if (line.len == 0)
		return dispatch(s, fn, ctx, err);
	const char *colon = memchr(line.ptr, ':', line.len);
	size_t name = colon != NULL ? (size_t)(colon - line.ptr) : line.len;
	struct str value = { line.ptr + line.len, 0 };
	if (colon != NULL) {
		value = (struct str){ colon + 1, line.len - name - 1 };
		if (value.len > 0 && value.ptr[0] == ' ')
			value = (struct str){ value.ptr + 1, value.len - 1 };
	}
	if (name == 4 && memcmp(line.ptr, "data", 4) == 0) {
		if (s->has_data)
			strbuf_char(&s->data, '\n');
		strbuf_add(&s->data, value.ptr, value.len);
		s->has_data = true;
	} else if (name == 5 && memcmp(line.ptr, "event", 5) == 0) {
		snprintf(s->event, sizeof s->event, "%.*s", (int)MIN(value.len, sizeof s->event - 1), value.ptr);
	}
	return s->data.broken ? err_set(err, ERR_TOO_BIG, "an event over %u bytes", SPLIT_LINE_MAX) : 0;
}

static int end_line(struct splitter *s, split_event fn, void *ctx, struct err *err)
{
	struct str line = { strbuf_text(&s->line), s->line.len };
	int result = 0;
	if (s->line.broken)
		return err_set(err, ERR_TOO_BIG, "a line over %u bytes", SPLIT_LINE_MAX);
	if (!s->begun && str_starts(line, "\xEF\xBB\xBF"))
		line = (struct str){ line.ptr + 3, line.len - 3 };
	s->begun = true;
	if (s->kind == SPLIT_SSE)
		result = sse_line(s, line, fn, ctx, err);
	else if (line.len > 0)
		result = fn(ctx, "", line, err);
	strbuf_clear(&s->line);
	return result;
}

int split_feed(struct splitter *s, struct str bytes, split_event fn, void *ctx, struct err *err)
{
	size_t i = 0;
	if (s->kind == SPLIT_WHOLE) {
		strbuf_add(&s->line, bytes.ptr, bytes.len);
		return s->line.broken ? err_set(err, ERR_TOO_BIG, "a body over %u bytes", SPLIT_LINE_MAX) : 0;
	}
	while (i < bytes.len) {
		if (s->after_cr && bytes.ptr[i] == '\n') { /* the second half of \r\n, maybe in another piece */
			s->after_cr = false;
			i++;
			continue;
		}
		s->after_cr = false;
		size_t end = i;
		while (end < bytes.len && bytes.ptr[end] != '\n' && bytes.ptr[end] != '\r')
			end++;
		strbuf_add(&s->line, bytes.ptr + i, end - i);
		if (s->line.broken)
			return err_set(err, ERR_TOO_BIG, "a line over %u bytes", SPLIT_LINE_MAX);
		if (end == bytes.len)
			break;
		s->after_cr = bytes.ptr[end] == '\r';
		i = end + 1;
		if (end_line(s, fn, ctx, err) < 0)
			return -1;
	}
	return 0;
}

int split_end(struct splitter *s, split_event fn, void *ctx, bool *left, struct err *err)
{
	if (s->is_bare || (s->kind == SPLIT_SSE && s->line.len > 0 && strchr("{[", s->line.ptr[0]) != NULL && !s->has_data)) {
		*left = false;
		if (s->line.len > 0 && end_line(s, fn, ctx, err) < 0)
			return -1;
		return dispatch(s, fn, ctx, err);
	}
	*left = s->kind == SPLIT_SSE && (s->line.len > 0 || s->has_data);
	if (s->kind == SPLIT_SSE || s->line.len == 0)
		return 0;
	return end_line(s, fn, ctx, err);
}
