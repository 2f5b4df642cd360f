/* Message: one whole message with its answer, also while it streams, its attempts and their cost,
 * and the context that was sent. */
#include <limits.h>

#include "shared/json.h"
#include "shared/utf8.h"
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/text.h"
#include "tui/view.h"
#include "tui/views/runs.h"

struct message_view {
	char word[40]; /* as requested: a number or a uuid */
	char uuid[40]; /* from the database; "": not read yet */
	struct text_view text;
	bool with_context, to_context, with_code, has_new_lines; /* has_new_lines: what is shown has changed */
	int64_t chars[PART_N];                                   /* total characters of each text */
	int asked[PART_N];                                       /* characters wanted after the head */
	int cut_at[PART_N];                                      /* line of the note on a cut; -1: none */
	struct strbuf whole;                                     /* the text that was copied last */
	struct block *doc, *rest, *stream;                       /* references: the lines borrow from them */
	char status[16], agent[72], job[40], label[40];          /* from the document */
	struct arena lines;                                      /* memory of formatted lines */
};

static void message_init(struct view *v)
{
	struct message_view *m = xcalloc(1, sizeof *m);
	m->whole = (struct strbuf)STRBUF_INIT(512u << 20);
	v->state = m;
}

/* Keeps references to the blocks that the lines are made from, because the lines borrow their
 * texts. NULL: releases them. */
static void message_keep(struct message_view *m, const struct snapshot *s)
{
	struct block *const of[] = { m->doc, m->rest, m->stream };
	m->doc = s != NULL ? block_ref(s->blocks[BLOCK_MESSAGE]) : NULL;
	m->rest = s != NULL ? block_ref(s->blocks[BLOCK_REST]) : NULL;
	m->stream = s != NULL ? block_ref(s->blocks[BLOCK_STREAM]) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++)
		block_unref(of[i]);
}

static void message_release(struct view *v)
{
	struct message_view *m = v->state;
	message_keep(m, NULL);
	text_release(&m->text);
	arena_release(&m->lines);
	strbuf_release(&m->whole);
	free(m);
}

static void open_message(struct view *v, const char *what)
{
	struct message_view *m = v->state;
	if (what == NULL || strcmp(m->word, what) == 0)
		return;
	snprintf(m->word, sizeof m->word, "%s", what);
	snprintf(m->label, sizeof m->label, "%s", what);
	m->uuid[0] = m->status[0] = m->agent[0] = m->job[0] = '\0'; /* of the previous message */
	memset(m->chars, 0, sizeof m->chars);
	memset(m->asked, 0, sizeof m->asked);
	m->with_context = m->to_context = false;
	m->text.top = 0;
	m->text.not_at_end = true; /* it is shown from its beginning; G follows the end */
	text_begin(&m->text, 0);
	message_keep(m, NULL);
}

static void message_want(struct view *v, struct want *w)
{
	const struct message_view *m = v->state;
	w->blocks |= 1u << BLOCK_MESSAGE;
	memcpy(w->message, m->word, sizeof w->message);
	if (m->asked[PART_QUESTION] + m->asked[PART_ANSWER] > 0) {
		w->blocks |= 1u << BLOCK_REST;
		memcpy(w->rest_of, m->uuid, sizeof w->rest_of);
		memcpy(w->rest_job, m->job, sizeof w->rest_job);
		memcpy(w->rest_chars, m->asked, sizeof w->rest_chars);
	}
	if (strcmp(m->status, "processing") == 0) {
		w->blocks |= 1u << BLOCK_STREAM;
		memcpy(w->stream, m->uuid, sizeof w->stream);
	}
}

static void copy_word(const struct json *j, const char *path, char *out, size_t size)
{
	struct str s = STR("");
	json_str(j, path, &s);
	snprintf(out, size, "%s", s.ptr);
}

static const struct json *document(const struct message_view *m, const struct snapshot *s)
{
	const struct block *b = s->blocks[BLOCK_MESSAGE];
	return b != NULL && strcmp(b->about, m->word) == 0 ? b->doc : NULL;
}

static void message_bind(struct view *v, const struct snapshot *s)
{
	struct message_view *m = v->state;
	const struct json *doc = document(m, s);
	int64_t id = 0;
	if (doc == NULL)
		return;
	copy_word(doc, "message.message_id", m->uuid, sizeof m->uuid);
	copy_word(doc, "message.status", m->status, sizeof m->status);
	copy_word(doc, "message.agent", m->agent, sizeof m->agent);
	copy_word(doc, "job_id", m->job, sizeof m->job);
	m->chars[PART_QUESTION] = block_int(s->blocks[BLOCK_MESSAGE], 0, COL_MESSAGE_QUESTION_CHARS, 0);
	m->chars[PART_ANSWER] = block_int(s->blocks[BLOCK_MESSAGE], 0, COL_MESSAGE_ANSWER_CHARS, 0);
	json_int(doc, "id", &id);
	snprintf(m->label, sizeof m->label, "%lld", (long long)id);
}

static const char *word(const struct json *j, const char *path)
{
	struct str s;
	return json_str(j, path, &s) ? s.ptr : "-";
}

static const char *number(struct message_view *m, const struct json *j, const char *path)
{
	double d;
	return json_double(j, path, &d) ? arena_strf(&m->lines, "%.12g", d) : "-";
}

/* The cost; "unknown" when the database says null. */
static const char *cost(struct message_view *m, const struct json *j, const char *path)
{
	char buf[FORMAT_MAX], amount[40];
	double d;
	if (!json_double(j, path, &d))
		return _("unknown");
	snprintf(amount, sizeof amount, "%.12f", d);
	return arena_strf(&m->lines, "%s", format_usd(amount, buf));
}

static void add_facts(struct message_view *m, const struct json *doc)
{
	const struct json *d = json_get(doc, "message");
	text_addf(&m->text, &m->lines, S_PLAIN, 1, _("status %s   agent %s   session %s   user %s   priority %s"), m->status,
	          word(d, "agent"), word(d, "session_id"), word(doc, "user_id"), number(m, doc, "priority"));
	text_addf(&m->text, &m->lines, S_PLAIN, 1, _("sent by %s"), word(doc, "sent_by"));
	text_addf(&m->text, &m->lines, S_PLAIN, 1, _("queued %s   started %s   ended %s"), word(d, "queued_at"),
	          word(d, "processing_started_at"), word(d, "processing_completed_at"));
	if (json_get(d, "queue_position") != NULL && !json_is_null(d, "queue_position"))
		text_addf(&m->text, &m->lines, S_WARN, 1, _("position %s   estimate %s s   waits for %s"),
		          number(m, d, "queue_position"), number(m, d, "eta_seconds"), word(d, "waits_for"));
	text_addf(&m->text, &m->lines, S_PLAIN, 1, _("model %s   tokens %s in / %s out   cost %s   generated in %s ms"),
	          word(d, "model_used"), number(m, d, "tokens_prompt"), number(m, d, "tokens_completion"),
	          json_get(doc, "costs[0]") != NULL ? cost(m, d, "cost_usd") : "-", number(m, d, "generation_time_ms"));
	if (strcmp(word(d, "finish_reason"), "length") == 0)
		text_addf(&m->text, &m->lines, S_WARN, 1, "%s", _("finish length: cut by max_tokens, or by the model's window"));
	else if (strcmp(word(d, "finish_reason"), "-") != 0)
		text_addf(&m->text, &m->lines, S_PLAIN, 1, _("finish %s"), word(d, "finish_reason"));
	if (strcmp(word(doc, "retry_at"), "-") != 0)
		text_addf(&m->text, &m->lines, S_WARN, 1, _("held: retried at %s, u takes it back"), word(doc, "retry_at"));
}

/* The calls of an attempt that gave no answer: failed, passed over, or made to classify the
 * question. */
static void add_chain(struct message_view *m, const struct json *attempt)
{
	for (const struct json *c = json_first(json_get(attempt, "chain")); c != NULL; c = json_next(c)) {
		const char *class = word(c, "class"), *request = word(c, "request_id");
		text_addf(&m->text, &m->lines, S_PLAIN, 6, "- %s/%s  %s  %s ms  %s%s%s", word(c, "provider"), word(c, "model"),
		          strcmp(class, "-") != 0 ? class : word(c, "kind"), number(m, c, "ms"),
		          strcmp(class, "-") != 0 ? word(c, "error") : "", strcmp(request, "-") != 0 ? _("  request ") : "",
		          strcmp(request, "-") != 0 ? request : "");
	}
}

/* The last call of an attempt. */
static void add_last_call(struct message_view *m, const struct json *a, enum style style)
{
	text_addf(&m->text, &m->lines, style, 3, _("#%s %s  %s  %s/%s  %s  %s ms (first text %s ms)  %s > %s tok  %s"),
	          number(m, a, "number"), word(a, "started_at"), word(a, "worker"), word(a, "provider"), word(a, "model"),
	          strcmp(word(a, "outcome"), "-") == 0 ? _("running") : word(a, "outcome"), number(m, a, "generation_ms"),
	          number(m, a, "ttft_ms"), number(m, a, "tokens_prompt"), number(m, a, "tokens_completion"),
	          json_is_null(a, "generation_ms") ? "-" : cost(m, a, "cost_usd"));
}

static void add_attempts(struct message_view *m, const struct json *doc)
{
	text_addf(&m->text, &m->lines, S_BOLD, 1, "%s", _("attempts"));
	for (const struct json *a = json_first(json_get(doc, "attempts")); a != NULL; a = json_next(a)) {
		const char *outcome = word(a, "outcome"), *class = word(a, "error_class");
		enum style style = strcmp(outcome, "completed") == 0 ? S_OK : strcmp(outcome, "-") == 0 ? S_PLAIN : S_WARN;
		if (strcmp(outcome, "completed") == 0 && json_is_null(a, "provider"))
			text_addf(&m->text, &m->lines, style, 3, _("#%s %s  %s  %s  no model was called"), number(m, a, "number"),
			          word(a, "started_at"), word(a, "worker"), outcome);
		else
			add_last_call(m, a, style);
		if (strcmp(class, "-") != 0)
			text_addf(&m->text, &m->lines, S_PLAIN, 6, "%s: %s", class, word(a, "error"));
		add_chain(m, a);
		if (strcmp(word(a, "said"), "-") != 0)
			text_add(&m->text, S_DIM, 6, str_of(word(a, "said")));
	}
}

static void add_context(struct message_view *m, const struct json *doc)
{
	const struct json *c = json_get(doc, "context");
	struct str s;
	text_addf(&m->text, &m->lines, S_BOLD, 1, "%s", _("context sent"));
	if (!json_is_object(c))
		text_addf(&m->text, &m->lines, S_DIM, 3, "%s",
		          json_is_null(doc, "message.processing_completed_at") ? _("(none was sent yet)")
		                                                               : _("(none: no model was called)"));
	if (json_str(c, "system_prompt", &s)) {
		text_addf(&m->text, &m->lines, S_DIM, 3, "%s", _("system"));
		text_add(&m->text, S_PLAIN, 5, s);
	}
	for (const struct json *t = json_first(json_get(c, "messages")); t != NULL; t = json_next(t)) {
		text_addf(&m->text, &m->lines, S_DIM, 3, "%s", word(t, "role"));
		if (json_str(t, "content", &s))
			text_add(&m->text, S_PLAIN, 5, s);
	}
}

static struct str rest_of(const struct message_view *m, const struct snapshot *snap, enum text_part p)
{
	const struct block *b = snap->blocks[BLOCK_REST];
	char key[88];
	snprintf(key, sizeof key, "%s/%s", m->uuid, m->job);
	return b != NULL && strcmp(b->about, key) == 0 ? block_str(b, 0, (int)p) : STR("");
}

/* Number of characters of a text that are read. */
static int64_t have(const struct message_view *m, const struct snapshot *snap, enum text_part p, struct str head)
{
	return (int64_t)(utf8_count(head) + utf8_count(rest_of(m, snap, p)));
}

static bool head_of(const struct json *doc, enum text_part p, struct str *out)
{
	return json_str(doc, p == PART_QUESTION ? "text" : "message.content", out);
}

/* Adds a text as far as it is read, and a note if it is cut. Head and rest are joined before they
 * are drawn: the place where they meet is not a line break of the text. False: there is no text. */
static bool message_add_text(struct message_view *m, const struct json *doc, const struct snapshot *snap, enum text_part p)
{
	struct str head, rest = rest_of(m, snap, p);
	m->cut_at[p] = -1;
	if (!head_of(doc, p, &head))
		return false;
	if (rest.len > 0) {
		char *both = arena_alloc(&m->lines, head.len + rest.len + 1);
		memcpy(both, head.ptr, head.len);
		memcpy(both + head.len, rest.ptr, rest.len);
		head = (struct str){ both, head.len + rest.len };
	}
	text_add(&m->text, S_PLAIN, 3, head);
	int64_t n = (int64_t)utf8_count(head);
	if (n >= m->chars[p])
		return true;
	m->cut_at[p] = m->text.n;
	text_addf(&m->text, &m->lines, S_WARN, 3,
	          _("(%lld of %lld characters: more is read as you scroll; y t copies, S saves all)"), (long long)n,
	          (long long)m->chars[p]);
	return true;
}

static void message_add_answer(struct message_view *m, const struct json *doc, const struct snapshot *snap)
{
	const struct block *stream = snap->blocks[BLOCK_STREAM];
	struct str s = STR("");
	text_addf(&m->text, &m->lines, S_BOLD, 1, "%s", _("question"));
	if (!message_add_text(m, doc, snap, PART_QUESTION))
		text_addf(&m->text, &m->lines, S_DIM, 3, "%s", _("(none)"));
	text_addf(&m->text, &m->lines, S_BOLD, 1, "%s", strcmp(m->status, "processing") == 0 ? _("answer so far") : _("answer"));
	if (message_add_text(m, doc, snap, PART_ANSWER))
		return;
	if (strcmp(m->status, "processing") == 0 && stream != NULL && strcmp(stream->about, m->uuid) == 0 && stream->n_rows > 0)
		text_add(&m->text, S_PLAIN, 3, block_str(stream, 0, COL_STREAM_TEXT));
	else if (json_str(doc, "message.error", &s))
		text_add(&m->text, S_CRIT, 3, s);
	else
		text_addf(&m->text, &m->lines, S_DIM, 3, "%s", _("(none yet)"));
}

/* Adds a line that says why there is no document. */
static void add_nothing(struct message_view *m, const struct snapshot *s)
{
	const struct block *b = s->blocks[BLOCK_MESSAGE];
	if (b != NULL && strcmp(b->about, m->word) == 0)
		text_addf(&m->text, &m->lines, S_CRIT, 1, _("there is no message %s"), m->word);
	else if (s->link != LINK_LIVE)
		text_addf(&m->text, &m->lines, S_DIM, 1, "%s", _("not loaded, and the database is away"));
	else if (s->refused[0] != '\0')
		text_addf(&m->text, &m->lines, S_CRIT, 1, _("not read: %s"), s->refused);
	else
		text_addf(&m->text, &m->lines, S_DIM, 1, "%s", _("reading…"));
}

/* Makes the lines again, only if what they are made from has changed: a long text takes time. */
static void add_lines(struct message_view *m, struct ui *ui)
{
	const struct snapshot *s = ui->snap;
	const struct json *doc = document(m, s);
	int width = screen_width(ui->screen);
	if (doc != NULL && m->text.n > 0 && m->text.width == width && m->doc == s->blocks[BLOCK_MESSAGE] &&
	    m->rest == s->blocks[BLOCK_REST] && m->stream == s->blocks[BLOCK_STREAM] && !m->to_context && !m->has_new_lines)
		return;
	m->has_new_lines = false;
	text_begin(&m->text, width);
	arena_release(&m->lines);
	message_keep(m, s);
	m->cut_at[PART_QUESTION] = m->cut_at[PART_ANSWER] = -1;
	if (doc == NULL) {
		add_nothing(m, s);
		return;
	}
	add_facts(m, doc);
	message_add_answer(m, doc, s);
	calls_add(&m->text, &m->lines, json_get(doc, "tool_calls"), m->with_code);
	runs_add(&m->text, &m->lines, json_get(doc, "runs"), m->with_code);
	add_attempts(m, doc);
	if (m->to_context && m->with_context)
		m->text.top = m->text.n;
	if (m->with_context)
		add_context(m, doc);
	m->to_context = false;
}

/* Requests the next page of a text when the end of what is read is near the window. */
static void ask_on(struct message_view *m, const struct snapshot *s)
{
	const struct json *doc = document(m, s);
	struct str head;
	for (enum text_part p = 0; p < PART_N; p++) {
		int at = m->cut_at[p];
		if (at < 0 || at > m->text.top + 2 * m->text.height || at < m->text.top - m->text.height || doc == NULL ||
		    !head_of(doc, p, &head))
			continue;
		if (have(m, s, p, head) >= TEXT_HEAD + m->asked[p])
			m->asked[p] += TEXT_PAGE;
	}
}

static void message_draw(struct view *v, struct ui *ui)
{
	struct message_view *m = v->state;
	struct screen *s = ui->screen;
	/* The label may be typed by the operator: it is drawn as data. */
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Message "));
	x += screen_text(s, ui->top, x, 38, S_BOLD, str_of(m->label)) + 3;
	x += screen_text(s, ui->top, x, 20, S_PLAIN, str_of(m->agent)) + 3;
	x += screen_text(s, ui->top, x, 12, strcmp(m->status, "failed") == 0 ? S_CRIT : S_OK, str_of(m->status)) + 3;
	screen_text(s, ui->top, x, -1, S_DIM, str_of(m->uuid));
	add_lines(m, ui);
	text_draw(&m->text, s, ui->top + 1, ui->bottom - ui->top - 1, strcmp(m->status, "processing") == 0);
	ask_on(m, ui->snap);
}

static bool message_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct message_view *m = v->state;
	if (text_command(&m->text, cmd))
		return true;
	switch (cmd) {
	case CMD_context:
		m->with_context = !m->with_context;
		m->to_context = m->text.not_at_end = true;
		return true;
	case CMD_code:
		m->with_code = !m->with_code;
		m->has_new_lines = true;
		return true;
	case CMD_retry_this:
		act_retry_one(ui, m->label, m->uuid, m->job, m->status);
		return true;
	case CMD_cancel_this:
		act_cancel_one(ui, m->label, m->uuid, m->job, m->status);
		return true;
	default:
		return false;
	}
}

/* True when the whole text is read; otherwise the rest is requested. */
static bool message_ask_all(struct message_view *m, const struct snapshot *s, enum text_part p, struct str head)
{
	if (have(m, s, p, head) >= m->chars[p])
		return true;
	m->asked[p] = (int)MIN(m->chars[p] - TEXT_HEAD, INT_MAX - TEXT_PAGE);
	return false;
}

/* The text so far of a running message, else the answer, else the question. */
static struct copied copy_whole(struct message_view *m, const struct json *doc)
{
	const struct snapshot s = { .blocks = { [BLOCK_MESSAGE] = m->doc, [BLOCK_REST] = m->rest, [BLOCK_STREAM] = m->stream } };
	const struct block *stream = m->stream;
	enum text_part p = PART_ANSWER;
	struct str head;
	if (strcmp(m->status, "processing") == 0 && stream != NULL && strcmp(stream->about, m->uuid) == 0 && stream->n_rows > 0)
		return (struct copied){ .text = block_str(stream, 0, COL_STREAM_TEXT) };
	if (!head_of(doc, p, &head) && !head_of(doc, p = PART_QUESTION, &head))
		return (struct copied){ 0 };
	if (!message_ask_all(m, &s, p, head))
		return (struct copied){ .is_coming = true };
	struct str rest = rest_of(m, &s, p);
	strbuf_clear(&m->whole);
	strbuf_add(&m->whole, head.ptr, head.len);
	strbuf_add(&m->whole, rest.ptr, rest.len);
	if (m->whole.broken)
		return (struct copied){ .why = _("it is too long to be copied: signalbox show writes it to a file") };
	return (struct copied){ .text = { strbuf_text(&m->whole), m->whole.len } };
}

static struct copied message_copy(struct view *v, int kind)
{
	struct message_view *m = v->state;
	const struct json *doc = m->doc != NULL ? m->doc->doc : NULL;
	struct str s = STR("");
	if (doc == NULL || m->uuid[0] == '\0')
		return (struct copied){ 0 };
	if (kind == 't')
		return copy_whole(m, doc);
	if (kind == 'e')
		json_str(doc, "message.error", &s);
	else
		s = str_of(m->uuid);
	return (struct copied){ .text = s };
}

/* The text that S saves: the whole text, so the rest of long texts is read first. */
static struct text_view *message_page(struct view *v, bool *is_coming)
{
	struct message_view *m = v->state;
	const struct snapshot s = { .blocks = { [BLOCK_MESSAGE] = m->doc, [BLOCK_REST] = m->rest, [BLOCK_STREAM] = m->stream } };
	struct str head;
	*is_coming = false;
	for (enum text_part p = 0; p < PART_N && m->doc != NULL && m->doc->doc != NULL; p++)
		if (head_of(m->doc->doc, p, &head) && !message_ask_all(m, &s, p, head))
			*is_coming = true;
	return &m->text;
}

const struct view_ops view_message = { .init = message_init,
	                               .release = message_release,
	                               .want = message_want,
	                               .bind = message_bind,
	                               .draw = message_draw,
	                               .command = message_command,
	                               .open = open_message,
	                               .copy = message_copy,
	                               .page = message_page };
