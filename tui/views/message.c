/* Message: one message whole, with its answer as it streams, its attempts and what they cost, and the context that was sent. */
#include "shared/json.h"
#include "shared/utf8.h"
#include "tui/format.h"
#include "tui/i18n.h"
#include "tui/text.h"
#include "tui/view.h"

struct message_view {
	char word[40]; /* as it was asked for: a number or a uuid */
	char uuid[40]; /* as the database answered; "": not yet */
	struct text_view text;
	bool with_context;
	char status[16], agent[72], job[40], label[40]; /* as drawn */
	struct arena lines;                             /* of made-up lines, until the next draw */
};

static void init(struct view *v)
{
	v->state = xcalloc(1, sizeof(struct message_view));
}

static void release(struct view *v)
{
	struct message_view *m = v->state;
	text_release(&m->text);
	arena_release(&m->lines);
	free(m);
}

static void open_message(struct view *v, const char *what)
{
	struct message_view *m = v->state;
	if (what == NULL || strcmp(m->word, what) == 0)
		return;
	snprintf(m->word, sizeof m->word, "%s", what);
	snprintf(m->label, sizeof m->label, "%s", what);
	m->uuid[0] = m->status[0] = m->agent[0] = m->job[0] = '\0'; /* of another message */
	m->text.top = 0;
	m->text.not_at_end = true;
}

static void want(struct view *v, struct want *w)
{
	const struct message_view *m = v->state;
	w->blocks |= 1u << BLOCK_MESSAGE;
	memcpy(w->message, m->word, sizeof w->message);
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

static void bind(struct view *v, const struct snapshot *s)
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

/* The amount, "unknown" when the database says null. */
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

/* The calls of an attempt that did not answer it: failed, passed over, or made to classify the question. */
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

static void add_attempts(struct message_view *m, const struct json *doc)
{
	text_addf(&m->text, &m->lines, S_BOLD, 1, "%s", _("attempts"));
	for (const struct json *a = json_first(json_get(doc, "attempts")); a != NULL; a = json_next(a)) {
		const char *outcome = word(a, "outcome"), *class = word(a, "error_class");
		text_addf(&m->text, &m->lines,
		          strcmp(outcome, "completed") == 0 ? S_OK
		          : strcmp(outcome, "-") == 0       ? S_PLAIN
		                                            : S_WARN,
		          3, _("#%s %s  %s  %s/%s  %s  %s ms (first text %s ms)  %s > %s tok  %s"), number(m, a, "number"),
		          word(a, "started_at"), word(a, "worker"), word(a, "provider"), word(a, "model"),
		          strcmp(outcome, "-") == 0 ? _("running") : outcome, number(m, a, "generation_ms"),
		          number(m, a, "ttft_ms"), number(m, a, "tokens_prompt"), number(m, a, "tokens_completion"),
		          json_is_null(a, "generation_ms") ? "-" : cost(m, a, "cost_usd"));
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
		text_addf(&m->text, &m->lines, S_DIM, 3, "%s", _("(none was sent yet)"));
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

static void add_answer(struct message_view *m, const struct json *doc, const struct snapshot *snap)
{
	const struct block *stream = snap->blocks[BLOCK_STREAM];
	struct str s = STR("");
	text_addf(&m->text, &m->lines, S_BOLD, 1, "%s", _("question"));
	json_str(doc, "text", &s);
	text_add(&m->text, S_PLAIN, 3, s);
	text_addf(&m->text, &m->lines, S_BOLD, 1, "%s", strcmp(m->status, "processing") == 0 ? _("answer so far") : _("answer"));
	if (json_str(doc, "message.content", &s))
		text_add(&m->text, S_PLAIN, 3, s);
	else if (strcmp(m->status, "processing") == 0 && stream != NULL && strcmp(stream->about, m->uuid) == 0 &&
	         stream->n_rows > 0)
		text_add(&m->text, S_PLAIN, 3, block_str(stream, 0, STREAM_TEXT));
	else if (json_str(doc, "message.error", &s))
		text_add(&m->text, S_CRIT, 3, s);
	else
		text_addf(&m->text, &m->lines, S_DIM, 3, "%s", _("(none yet)"));
}

/* There is no document: why. */
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

static void draw(struct view *v, struct ui *ui)
{
	struct message_view *m = v->state;
	const struct json *doc = document(m, ui->snap);
	struct screen *s = ui->screen;
	int x = 1 + screen_put(s, ui->top, 1, -1, S_BOLD, _("Message ")); /* what was typed is data too */
	x += screen_text(s, ui->top, x, 38, S_BOLD, str_of(m->label)) + 3;
	x += screen_text(s, ui->top, x, 20, S_PLAIN, str_of(m->agent)) + 3;
	x += screen_text(s, ui->top, x, 12, strcmp(m->status, "failed") == 0 ? S_CRIT : S_OK, str_of(m->status)) + 3;
	screen_text(s, ui->top, x, -1, S_DIM, str_of(m->uuid));
	text_begin(&m->text, screen_width(s));
	arena_release(&m->lines);
	if (doc == NULL) {
		add_nothing(m, ui->snap);
	} else {
		add_facts(m, doc);
		add_answer(m, doc, ui->snap);
		add_attempts(m, doc);
		if (m->with_context)
			add_context(m, doc);
	}
	text_draw(&m->text, s, ui->top + 1, ui->bottom - ui->top - 1, true);
}

static bool command(struct view *v, struct ui *ui, enum cmd cmd)
{
	struct message_view *m = v->state;
	if (text_command(&m->text, cmd))
		return true;
	switch (cmd) {
	case CMD_context:
		m->with_context = !m->with_context;
		m->text.not_at_end = false;
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

static struct str text(struct view *v, int kind)
{
	struct message_view *m = v->state;
	(void)kind;
	return str_of(m->uuid);
}

const struct view_ops view_message = { .name = "Message",
	                               .scopes = SCOPES_MESSAGE,
	                               .init = init,
	                               .release = release,
	                               .want = want,
	                               .bind = bind,
	                               .draw = draw,
	                               .command = command,
	                               .open = open_message,
	                               .text = text };
