/* One block: the statement that reads it, and what its answer is made into. */
#include "tui/reads.h"

#include "shared/json.h"
#include "shared/utf8.h"
#include "sql_embed.h"
#include "tui/filter.h"

#define STREAM_MAX (64u << 20)
#define REST_MAX (256u << 20)

void reads_init(struct reads *r, const char *operator_name)
{
	*r = (struct reads){ .operator_name = operator_name, .stream_text = STRBUF_INIT(STREAM_MAX) };
	for (int i = 0; i < PART_N; i++)
		r->rest[i] = (struct strbuf)STRBUF_INIT(REST_MAX);
}

void reads_release(struct reads *r)
{
	strbuf_release(&r->stream_text);
	for (int i = 0; i < PART_N; i++)
		strbuf_release(&r->rest[i]);
}

static const char *narrowed(const struct want *w, char *buf, size_t size)
{
	return filter_and(w->filter, w->narrow, buf, size);
}

static int send_stream(struct reads *r, struct pg *pg, const struct want *w, struct err *err)
{
	char bytes[16];
	if (w->stream[0] == '\0')
		return 1;
	if (strcmp(r->stream_message, w->stream) != 0) {
		snprintf(r->stream_message, sizeof r->stream_message, "%s", w->stream);
		r->stream_job[0] = '\0';
		strbuf_clear(&r->stream_text);
	}
	snprintf(bytes, sizeof bytes, "%zu", r->stream_text.len);
	const char *args[] = { w->stream, r->stream_job[0] != '\0' ? r->stream_job : NULL, bytes };
	return pg_start(pg, sql_tui_stream, args, 3, err);
}

/* The part of which more is wanted than was read; PART_N: none. */
static enum text_part rest_lacks(const struct reads *r, const struct want *w)
{
	enum text_part p = 0;
	while (p < PART_N && (r->rest_have[p] >= w->rest_chars[p] || r->rest_ended[p]))
		p++;
	return p;
}

/* One page of it. Texts of an attempt do not change, so what was read is kept. */
static int send_rest(struct reads *r, struct pg *pg, const struct want *w, struct err *err)
{
	static const char *const NAMES[PART_N] = { "question", "answer" };
	char at[16], chars[16];
	bool none = w->rest_chars[PART_QUESTION] == 0 && w->rest_chars[PART_ANSWER] == 0;
	if (none || strcmp(r->rest_of, w->rest_of) != 0 || strcmp(r->rest_job, w->rest_job) != 0) {
		for (int i = 0; i < PART_N; i++) {
			strbuf_clear(&r->rest[i]);
			r->rest_have[i] = 0;
			r->rest_ended[i] = false;
		}
		snprintf(r->rest_of, sizeof r->rest_of, "%s", none ? "" : w->rest_of);
		snprintf(r->rest_job, sizeof r->rest_job, "%s", w->rest_job);
	}
	enum text_part p = r->rest_part = rest_lacks(r, w);
	if (p == PART_N)
		return none ? 1 : 2;
	r->rest_asked = MIN(TEXT_PAGE, w->rest_chars[p] - r->rest_have[p]);
	snprintf(at, sizeof at, "%d", TEXT_HEAD + r->rest_have[p] + 1);
	snprintf(chars, sizeof chars, "%d", r->rest_asked);
	const char *args[] = { w->rest_of, NAMES[p], at, chars };
	return pg_start(pg, sql_tui_text, args, 4, err);
}

/* Of a test session that is not named, first which it is. */
static int send_transcript(struct reads *r, struct pg *pg, const struct want *w, struct err *err)
{
	if (w->session[0] == '\0' && strcmp(r->session_agent, w->agent) != 0) {
		const char *args[] = { w->agent, r->operator_name };
		r->session[0] = '\0';
		return pg_start(pg, sql_tui_test_session, args, 2, err);
	}
	const char *session = w->session[0] != '\0' ? w->session : r->session;
	return session[0] != '\0' ? pg_start(pg, sql_tui_transcript, &session, 1, err) : 1;
}

int reads_send(struct reads *r, struct pg *pg, const struct want *w, enum block_id id, struct err *err)
{
	char limit[16], filter[sizeof w->filter + sizeof w->narrow];
	snprintf(limit, sizeof limit, "%d", w->limit);
	const char *page[] = { w->filter, limit }, *one[] = { w->message }, *agent[] = { w->agent },
		   *span[] = { w->span[0] != '\0' ? w->span : "1 h" };
	switch (id) {
	case BLOCK_STATUS:
		return pg_start(pg, sql_tui_status, NULL, 0, err);
	case BLOCK_QUEUE:
		return pg_start(pg, sql_tui_queue, page, 2, err);
	case BLOCK_GROUPS:
		return pg_start(pg, sql_tui_groups, page, 1, err);
	case BLOCK_FAILED:
		page[0] = narrowed(w, filter, sizeof filter);
		return pg_start(pg, sql_tui_failed, page, 2, err);
	case BLOCK_AGENTS:
		return pg_start(pg, sql_tui_agents, span, 1, err);
	case BLOCK_ROUTES:
		return pg_start(pg, sql_tui_routes, NULL, 0, err);
	case BLOCK_SPENDING:
		return w->agent[0] != '\0' ? pg_start(pg, sql_tui_spending, agent, 1, err) : 1;
	case BLOCK_PROVIDERS:
		return pg_start(pg, sql_tui_providers, NULL, 0, err);
	case BLOCK_EVENTS:
		return pg_start(pg, sql_tui_breaker_events, NULL, 0, err);
	case BLOCK_WORKERS:
		return pg_start(pg, sql_tui_workers, NULL, 0, err);
	case BLOCK_POSTGRES:
		return pg_start(pg, sql_tui_postgres, NULL, 0, err);
	case BLOCK_MESSAGE:
		return w->message[0] != '\0' ? pg_start(pg, sql_tui_message, one, 1, err) : 1;
	case BLOCK_REST:
		return send_rest(r, pg, w, err);
	case BLOCK_STREAM:
		return send_stream(r, pg, w, err);
	case BLOCK_TRANSCRIPT:
		return send_transcript(r, pg, w, err);
	default:
		return 1;
	}
}

/* The stream's answer is only what is new: the block holds the whole text. */
static struct block *stream_block(struct reads *r, struct block *fresh)
{
	const char *job = fresh->n_rows > 0 ? block_at(fresh, 0, STREAM_JOB) : NULL,
		   *text = job != NULL ? block_at(fresh, 0, STREAM_TEXT) : NULL;
	if (job != NULL && strcmp(job, r->stream_job) != 0) {
		snprintf(r->stream_job, sizeof r->stream_job, "%s", job);
		strbuf_clear(&r->stream_text);
	}
	if (text != NULL)
		strbuf_str(&r->stream_text, text);
	struct block *b = xcalloc(1, sizeof *b);
	const char **cells = arena_alloc(&b->arena, 2 * sizeof *cells);
	atomic_store(&b->refs, 1);
	cells[STREAM_JOB] = arena_dup(&b->arena, r->stream_job, strlen(r->stream_job));
	cells[STREAM_TEXT] = arena_dup(&b->arena, strbuf_text(&r->stream_text), r->stream_text.len);
	b->n_rows = job != NULL;
	b->n_cols = 2;
	b->cells = cells;
	block_unref(fresh);
	return b;
}

static void take_page(struct reads *r, const struct block *page)
{
	struct strbuf *text = &r->rest[r->rest_part];
	struct str got = page->n_rows > 0 ? block_str(page, 0, 1) : STR("");
	int n = (int)utf8_count(got);
	strbuf_add(text, got.ptr, got.len);
	r->rest_have[r->rest_part] += n;
	r->rest_ended[r->rest_part] = n < r->rest_asked || text->broken;
}

static struct block *rest_block(struct reads *r)
{
	struct block *b = xcalloc(1, sizeof *b);
	const char **cells = arena_alloc(&b->arena, PART_N * sizeof *cells);
	atomic_store(&b->refs, 1);
	for (int i = 0; i < PART_N; i++)
		cells[i] = arena_dup(&b->arena, strbuf_text(&r->rest[i]), r->rest[i].len);
	b->n_rows = 1;
	b->n_cols = PART_N;
	b->cells = cells;
	return b;
}

int reads_take(struct reads *r, struct pg *pg, const struct want *w, enum block_id id, struct block **out, struct err *err)
{
	struct block *b = xcalloc(1, sizeof *b);
	struct rows rows = { 0 };
	char filter[sizeof w->filter + sizeof w->narrow];
	atomic_store(&b->refs, 1);
	*out = NULL;
	if (pg_finish(pg, &b->arena, &rows, err) < 0) {
		block_unref(b);
		return -1;
	}
	b->n_rows = rows.n_rows;
	b->n_cols = rows.n_cols;
	b->cells = rows.cells;
	if (id == BLOCK_TRANSCRIPT && rows.n_cols == 1) {
		const char *session = rows.n_rows > 0 ? rows_at(&rows, 0, 0) : NULL;
		snprintf(r->session_agent, sizeof r->session_agent, "%s", w->agent);
		snprintf(r->session, sizeof r->session, "%s", session != NULL ? session : "");
		block_unref(b);
		return 1;
	}
	if (id == BLOCK_STREAM)
		b = stream_block(r, b);
	if (id == BLOCK_REST) {
		take_page(r, b);
		block_unref(b);
		if (rest_lacks(r, w) != PART_N) /* the next page; the block is made of all of them */
			return 1;
		*out = rest_block(r);
		snprintf((*out)->about, sizeof(*out)->about, "%s/%s", r->rest_of, r->rest_job);
		return 0;
	}
	if ((id == BLOCK_STATUS || id == BLOCK_MESSAGE) && b->n_rows > 0 &&
	    json_parse(&b->arena, block_str(b, 0, 0), 64u << 20, &b->doc, err) < 0) {
		block_unref(b);
		return -1;
	}
	if (id == BLOCK_FAILED)
		snprintf(b->about, sizeof b->about, "%s", narrowed(w, filter, sizeof filter));
	else
		snprintf(b->about, sizeof b->about, "%s",
		         id == BLOCK_MESSAGE                              ? w->message
		         : id == BLOCK_STREAM                             ? w->stream
		         : id == BLOCK_TRANSCRIPT || id == BLOCK_SPENDING ? w->agent
		         : id == BLOCK_AGENTS                             ? w->span
		                                                          : w->filter);
	*out = b;
	return 0;
}
