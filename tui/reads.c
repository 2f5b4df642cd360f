/* For each block: the statement that reads it, and how its result becomes the block. */
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

/* ---- sending. 0: sent; 1: nothing to read; 2: the block is complete; -1 with err. Each sets
 * r->about to what is read. */

static void is_about(struct reads *r, const char *what)
{
	snprintf(r->about, sizeof r->about, "%s", what);
}

static int send_plain(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	is_about(r, w->filter);
	return pg_start(pg, sql, NULL, 0, err);
}

static int send_filter(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	const char *args[] = { w->filter };
	is_about(r, w->filter);
	return pg_start(pg, sql, args, 1, err);
}

static int start_page(struct reads *r, struct pg *pg, const char *filter, int rows, const char *sql, struct err *err)
{
	char limit[16];
	const char *args[] = { filter, limit };
	snprintf(limit, sizeof limit, "%d", rows);
	is_about(r, filter);
	return pg_start(pg, sql, args, 2, err);
}

static int send_page(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	return start_page(r, pg, w->filter, w->limit, sql, err);
}

/* The filter and its additional terms. */
static int send_narrowed(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	char filter[sizeof w->filter + sizeof w->narrow];
	return start_page(r, pg, filter_and(w->filter, w->narrow, filter, sizeof filter), w->limit, sql, err);
}

static int send_span(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	const char *args[] = { w->span[0] != '\0' ? w->span : "1 h" };
	is_about(r, w->span);
	return pg_start(pg, sql, args, 1, err);
}

static int send_agent(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	const char *args[] = { w->agent };
	is_about(r, w->agent);
	return w->agent[0] != '\0' ? pg_start(pg, sql, args, 1, err) : 1;
}

static int send_webhook(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	const char *args[] = { w->webhook, NULL, "100" };
	is_about(r, w->webhook);
	return w->webhook[0] != '\0' ? pg_start(pg, sql, args, 3, err) : 1;
}

static int send_message(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	const char *args[] = { w->message };
	is_about(r, w->message);
	return w->message[0] != '\0' ? pg_start(pg, sql, args, 1, err) : 1;
}

static int send_stream(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
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
	is_about(r, w->stream);
	return pg_start(pg, sql, args, 3, err);
}

/* The part of which more is wanted than is read; PART_N: none. */
static enum text_part rest_lacks(const struct reads *r, const struct want *w)
{
	enum text_part p = 0;
	while (p < PART_N && (r->rest_have[p] >= w->rest_chars[p] || r->rest_ended[p]))
		p++;
	return p;
}

/* Sends the read of one page. The texts of an attempt do not change, so pages that were read are
 * kept. */
static int send_rest(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
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
	snprintf(r->about, sizeof r->about, "%s/%s", r->rest_of, r->rest_job);
	return pg_start(pg, sql, args, 4, err);
}

/* If no session is named, the first read looks up the test session. */
static int send_transcript(struct reads *r, struct pg *pg, const struct want *w, const char *sql, struct err *err)
{
	is_about(r, w->agent);
	r->is_finding = w->session[0] == '\0' && strcmp(r->session_agent, w->agent) != 0;
	if (r->is_finding) {
		const char *args[] = { w->agent, r->operator_name };
		r->session[0] = '\0';
		return pg_start(pg, sql_tui_test_session, args, 2, err);
	}
	const char *session = w->session[0] != '\0' ? w->session : r->session;
	return session[0] != '\0' ? pg_start(pg, sql, &session, 1, err) : 1;
}

/* ---- taking: each gets the rows in *b, which it may replace. 0: *b is the block; 1: read the same
 * block again; -1 with err. */

static int take_rows(struct reads *r, const struct want *w, struct block **b, struct err *err)
{
	(void)r, (void)w, (void)b, (void)err;
	return 0;
}

/* The first cell is a document, which is parsed. */
static int take_document(struct reads *r, const struct want *w, struct block **b, struct err *err)
{
	(void)r, (void)w;
	_Static_assert((int)COL_STATUS_STATUS == (int)COL_MESSAGE_DOC, "the document comes first");
	return (*b)->n_rows > 0 ? json_parse(&(*b)->arena, block_str(*b, 0, COL_MESSAGE_DOC), 64u << 20, &(*b)->doc, err) : 0;
}

/* The result has only the new text of the stream; the block gets the whole text. */
static int take_stream(struct reads *r, const struct want *w, struct block **taken, struct err *err)
{
	(void)w, (void)err;
	struct block *fresh = *taken;
	const char *job = fresh->n_rows > 0 ? block_at(fresh, 0, COL_STREAM_JOB_ID) : NULL,
		   *text = job != NULL ? block_at(fresh, 0, COL_STREAM_TEXT) : NULL;
	if (job != NULL && strcmp(job, r->stream_job) != 0) {
		snprintf(r->stream_job, sizeof r->stream_job, "%s", job);
		strbuf_clear(&r->stream_text);
	}
	if (text != NULL)
		strbuf_str(&r->stream_text, text);
	struct block *b = xcalloc(1, sizeof *b);
	const char **cells = arena_alloc(&b->arena, sql_tui_stream_cols * sizeof *cells);
	atomic_store(&b->refs, 1);
	cells[COL_STREAM_JOB_ID] = arena_dup(&b->arena, r->stream_job, strlen(r->stream_job));
	cells[COL_STREAM_TEXT] = arena_dup(&b->arena, strbuf_text(&r->stream_text), r->stream_text.len);
	b->n_rows = job != NULL;
	b->n_cols = sql_tui_stream_cols;
	b->cells = cells;
	block_unref(fresh);
	*taken = b;
	return 0;
}

static void take_page(struct reads *r, const struct block *page)
{
	struct strbuf *text = &r->rest[r->rest_part];
	struct str got = page->n_rows > 0 ? block_str(page, 0, COL_TEXT_TEXT) : STR("");
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

static int take_rest(struct reads *r, const struct want *w, struct block **b, struct err *err)
{
	(void)err;
	take_page(r, *b);
	block_unref(*b);
	*b = NULL;
	if (rest_lacks(r, w) != PART_N) /* read the next page: the block has all pages */
		return 1;
	*b = rest_block(r);
	return 0;
}

/* If the read looked up the session, only the session is stored. */
static int take_transcript(struct reads *r, const struct want *w, struct block **b, struct err *err)
{
	(void)err;
	if (!r->is_finding)
		return 0;
	const char *session = (*b)->n_rows > 0 ? block_at(*b, 0, COL_TEST_SESSION_SESSION) : NULL;
	snprintf(r->session_agent, sizeof r->session_agent, "%s", w->agent);
	snprintf(r->session, sizeof r->session, "%s", session != NULL ? session : "");
	block_unref(*b);
	*b = NULL;
	return 1;
}

/* ---- the table of reads */

static const struct {
	const char *sql;
	int (*send)(struct reads *, struct pg *, const struct want *, const char *sql, struct err *);
	int (*take)(struct reads *, const struct want *, struct block **, struct err *);
} READS[BLOCK_N] = {
#define BLOCK(name, statement, send, take) [BLOCK_##name] = { sql_tui_##statement, send, take },
#include "tui/blocks.def"
#undef BLOCK
};

int reads_send(struct reads *r, struct pg *pg, const struct want *w, enum block_id id, struct err *err)
{
	return READS[id].send(r, pg, w, READS[id].sql, err);
}

int reads_take(struct reads *r, struct pg *pg, const struct want *w, enum block_id id, struct block **out, struct err *err)
{
	struct block *b = xcalloc(1, sizeof *b);
	struct rows rows = { 0 };
	atomic_store(&b->refs, 1);
	*out = NULL;
	int result = pg_finish(pg, &b->arena, &rows, err);
	b->n_rows = rows.n_rows;
	b->n_cols = rows.n_cols;
	b->cells = rows.cells;
	if (result == 0)
		result = READS[id].take(r, w, &b, err);
	if (result < 0) {
		block_unref(b);
		return -1;
	}
	if (b != NULL)
		snprintf(b->about, sizeof b->about, "%s", r->about);
	*out = b;
	return result;
}
