#include "tui/frame.h"

#include "shared/json.h"
#include "shared/utf8.h"
#include "tui/format.h"
#include "tui/i18n.h"

static const struct json *status_doc(const struct snapshot *s)
{
	return s->blocks[BLOCK_STATUS] != NULL ? s->blocks[BLOCK_STATUS]->doc : NULL;
}

static int64_t total(const struct snapshot *s, const char *key)
{
	int64_t n = 0;
	json_int(status_doc(s), key, &n);
	return n;
}

static const char *link_word(const struct snapshot *s, bool frozen, char *buf, size_t size)
{
	if (frozen)
		return "FROZEN";
	if (s->link == LINK_LIVE)
		snprintf(buf, size, "%s", "live");
	else
		return s->link == LINK_DOWN ? "DOWN" : s->link == LINK_STALE ? "STALE" : "...";
	return buf;
}

static void frame_draw_totals(struct ui *ui, bool frozen)
{
	const struct snapshot *s = ui->snap;
	char line[256], cost[FORMAT_MAX], live[32], hms[16], amount[40] = "0";
	double spent = 0;
	int width = screen_width(ui->screen);
	bool wide = width >= 100;
	json_double(status_doc(s), "cost_today_usd", &spent);
	snprintf(amount, sizeof amount, "%.12f", spent);
	const char *word = link_word(s, frozen, live, sizeof live);
	if (width < 60)
		snprintf(line, sizeof line, "q%lld r%lld F%lld %s", (long long)total(s, "queued"),
		         (long long)total(s, "processing"), (long long)total(s, "failed"), word);
	else
		snprintf(line, sizeof line,
		         wide ? "queued %lld  run %lld/%lld  failed %lld  %s%s  %s  %s"
		              : "q %lld  run %lld/%lld  fail %lld  %s%s  %s  %s",
		         (long long)total(s, "queued"), (long long)total(s, "processing"), (long long)total(s, "slots"),
		         (long long)total(s, "failed"), format_usd(amount, cost), total(s, "cost_unknown_today") > 0 ? "+?" : "",
		         word, clock_hms(ui->now, hms));
	int n = (int)strlen(line);
	int x = 1 + screen_text(ui->screen, 0, 1, MAX(0, width - n - 3), S_TITLE,
	                        str_of(s->where[0] != '\0' ? s->where : "signalbox"));
	if (wide) {
		x += 2 + screen_put(ui->screen, 0, x + 2, -1, S_DIM,
		                    s->is_standby     ? "standby:"
		                    : s->is_read_only ? "ro:"
		                                      : "rw:");
		screen_text(ui->screen, 0, x, MAX(0, width - n - 2 - x), S_DIM, str_of(ui->operator_name));
	} else if (x + 4 < width - n - 1) {
		screen_put(ui->screen, 0, x + 1, 2, S_DIM, s->is_standby ? "sb" : s->is_read_only ? "ro" : "rw");
	}
	screen_put(ui->screen, 0, MAX(0, width - n - 1), -1,
	           s->link == LINK_LIVE || s->link == LINK_CONNECTING ? S_PLAIN : S_CRIT, line);
}

static int64_t alerts_named(const struct snapshot *s, const char *name)
{
	int64_t n = 0;
	for (const struct json *a = json_first(json_get(status_doc(s), "alerts")); a != NULL; a = json_next(a)) {
		struct str is = STR("");
		json_str(a, "name", &is);
		n += str_eq(is, name);
	}
	return n;
}

/* True when the list `words`, separated by blanks, contains the word. */
static bool has_word(const char *words, struct str word)
{
	for (const char *p = words; *p != '\0'; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		if (n == word.len && memcmp(p, word.ptr, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static int64_t counted(const struct snapshot *s, const struct view_info *v)
{
	char first[32];
	if (v->counts[0] != '\0')
		return total(s, v->counts);
	snprintf(first, sizeof first, "%.*s", (int)strcspn(v->alerts, " "), v->alerts);
	return first[0] != '\0' ? alerts_named(s, first) : 0;
}

static void draw_tabs(struct ui *ui, enum view_id lit)
{
	int x = 1;
	for (enum view_id id = 0; id < VIEW_N; id++) {
		const struct view_info *v = &VIEW_INFO[id];
		char text[64], key[16];
		int64_t n = counted(ui->snap, v);
		bool on = id == lit;
		if (v->cmd == CMD_NONE)
			continue;
		snprintf(text, sizeof text, "%s %s", command_key(v->cmd, key), _(v->title));
		if (n > 0)
			snprintf(text + strlen(text), sizeof text - strlen(text), " %lld", (long long)n);
		x += screen_putf(ui->screen, 1, x, -1, on ? S_TITLE : S_PLAIN, on ? "[%s]" : " %s ", text) + 1;
	}
}

/* The part of a message that fits into `room` cells: the whole, else up to its last ';' that fits,
 * else up to a blank. */
static struct str fitting(struct str message, int room)
{
	size_t n = message.len, part = 0, word = 0;
	if (utf8_width(message) <= room)
		return message;
	for (size_t i = 1; i < n && utf8_width_to(message, i) < room; i++) {
		if (message.ptr[i] == ';')
			part = i;
		if (message.ptr[i] == ' ')
			word = i;
	}
	return part > 0 ? (struct str){ message.ptr, part } : word > 0 ? (struct str){ message.ptr, word } : message;
}

/* Draws the first alert: the database sorts the worst first. The action is drawn whole or not at
 * all; if it does not fit, the key of the view that shows the alert is drawn instead. */
static void draw_worst(struct ui *ui, int y, const struct json *alert)
{
	struct screen *s = ui->screen;
	struct str name = STR(""), level = STR(""), message = STR(""), action = STR("");
	char more[32] = "", key[16], see[64] = "";
	int n = -1, right = screen_width(s) - 1;
	json_str(alert, "name", &name);
	json_str(alert, "level", &level);
	json_str(alert, "message", &message);
	json_str(alert, "action", &action);
	for (const struct json *a = alert; a != NULL; a = json_next(a))
		n++;
	if (n > 0) {
		snprintf(more, sizeof more, _("+%d more"), n);
		right -= utf8_width(str_of(more));
		screen_put(s, y, right, -1, S_WARN, more);
		right -= 2;
	}
	for (enum view_id id = 0; id < VIEW_N; id++)
		if (has_word(VIEW_INFO[id].alerts, name))
			snprintf(see, sizeof see, _("%s shows it"), command_key(VIEW_INFO[id].cmd, key));
	bool crit = str_eq(level, "CRIT"), info = str_eq(level, "INFO");
	int x = 1 +
	        screen_put(s, y, 1, -1,
	                   crit   ? S_CRIT
	                   : info ? S_PLAIN
	                          : S_WARN,
	                   crit   ? "! CRIT"
	                   : info ? "i INFO"
	                          : "! WARN") +
	        2;
	struct str shown = fitting(message, right - x - 2);
	x += screen_text(s, y, x, right - x, S_BOLD, shown);
	if (shown.len < message.len && message.ptr[shown.len] != ';')
		x += screen_put(s, y, x, -1, S_BOLD, screen_is_ascii(s) ? " ~" : " …");
	x += 3;
	if (x + utf8_width(action) > right)
		action = str_of(see);
	if (x + utf8_width(action) <= right)
		screen_text(s, y, x, right - x, S_PLAIN, action);
}

/* Draws one line: the state of the connection if it is not live, else the worst alert. */
static void draw_alert(struct ui *ui, int y)
{
	const struct snapshot *s = ui->snap;
	struct screen *t = ui->screen;
	char age[FORMAT_MAX], next[FORMAT_MAX], hms[16] = "?";
	int width = screen_width(t), x;
	if (s->as_of != 0)
		clock_hms(s->as_of, hms);
	format_duration((double)((clock_mono() - s->since) / USEC_PER_SEC), age);
	format_duration((double)(MAX(0, s->next_try - clock_mono()) / USEC_PER_SEC), next);
	if (s->link == LINK_DOWN) {
		x = screen_putf(t, y, 1, -1, S_CRIT,
		                _("x DOWN  database unreachable %s, screen from %s, actions off, retry in %s"), age, hms, next) +
		    2;
		screen_text(t, y, x + 2, width - x - 3, S_DIM, str_of(s->why));
		return;
	}
	if (s->link == LINK_STALE) {
		screen_putf(t, y, 1, -1, S_WARN, _("x STALE refresh stopped after 1.5s, screen from %s, next in %s"), hms, next);
		return;
	}
	if (s->link == LINK_CONNECTING) {
		screen_put(t, y, 1, -1, S_DIM, _("connecting"));
		return;
	}
	const struct json *alert = json_first(json_get(status_doc(s), "alerts"));
	if (alert == NULL && s->is_standby) {
		screen_put(t, y, 1, -1, S_DIM, _("i RO  read from a standby, a little late; actions need the primary"));
		return;
	}
	if (alert == NULL) {
		screen_put(t, y, 1, -1, s->is_read_only ? S_DIM : S_OK,
		           s->is_read_only ? _("i RO  read-only: your database role cannot change messages")
		                           : _("ok    no active alerts"));
		return;
	}
	draw_worst(ui, y, alert);
}

static void draw_keys(struct ui *ui, const struct frame *f, int y)
{
	int x = 1, width = screen_width(ui->screen);
	if (f->hints != NULL) {
		screen_put(ui->screen, y, 1, -1, S_PLAIN, f->hints);
		return;
	}
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++) {
		char key[16];
		if (COMMANDS[c].hint[0] == '\0' || c == CMD_help || !(f->scopes & (1u << COMMANDS[c].scope)))
			continue;
		command_key(c, key);
		if (x + utf8_width(str_of(key)) + 1 + utf8_width(str_of(COMMANDS[c].hint)) + 8 > width)
			break;
		x += screen_put(ui->screen, y, x, -1, S_KEY, key) + 1;
		x += screen_put(ui->screen, y, x, -1, S_PLAIN, COMMANDS[c].hint) + (width >= 120 ? 2 : 1);
	}
	x += screen_put(ui->screen, y, x, -1, S_KEY, "?") + 1;
	screen_put(ui->screen, y, x, -1, S_PLAIN, COMMANDS[CMD_help].hint);
}

void frame_totals(struct ui *ui)
{
	const struct json *doc = status_doc(ui->snap);
	char line[64];
	int alerts = json_count(json_get(doc, "alerts"));
	const char *link = ui->snap->link == LINK_DOWN ? "  DOWN" : ui->snap->link == LINK_STALE ? "  STALE" : "";
	snprintf(line, sizeof line, _("queued %lld run %lld/%lld"), (long long)total(ui->snap, "queued"),
	         (long long)total(ui->snap, "processing"), (long long)total(ui->snap, "slots"));
	screen_text(ui->screen, 0, 0, -1, S_PLAIN, str_of(line));
	snprintf(line, sizeof line, _("failed %lld alerts %d%s"), (long long)total(ui->snap, "failed"), alerts, link);
	screen_text(ui->screen, 1, 0, -1, S_PLAIN, str_of(line));
	screen_text(ui->screen, 2, 0, -1, S_DIM, str_of(_("wider than 40x8: full view")));
}

void frame_draw(struct ui *ui, const struct frame *f)
{
	struct screen *s = ui->screen;
	int height = screen_height(s), last = height - 1;
	if (height < 4 || screen_width(s) < 40)
		return;
	frame_draw_totals(ui, f->is_frozen);
	if (ui->top == 3) /* below 80 columns there is no line for tabs */
		draw_tabs(ui, f->tab);
	draw_alert(ui, ui->top - 1);
	if (f->prompt != NULL) {
		int x = 1 + screen_put(s, last, 1, 1, S_KEY, f->prompt);
		screen_text(s, last, x, -1, S_PLAIN, str_of(f->typed));
		screen_cursor(s, last, MIN(screen_width(s) - 1, x + utf8_width_to(str_of(f->typed), (size_t)f->typed_at)));
		if (height >= 30 && f->message != NULL)
			screen_text(s, last - 1, 1, -1, S_WARN, str_of(f->message));
	} else if (f->message != NULL && height < 30) {
		screen_text(s, last, 1, -1, S_BOLD, str_of(f->message));
	} else {
		if (f->message != NULL)
			screen_text(s, last - 1, 1, -1, S_BOLD, str_of(f->message));
		draw_keys(ui, f, last);
	}
}

/* Draws the last line of the box; returns the column of the cursor. */
static int question_prompt(struct screen *s, const struct question *q, int y, int x, int width, const char *typed, bool in_reason)
{
	bool types = q->type > 0 || q->word[0] != '\0';
	int at;
	if (in_reason)
		at = screen_putf(s, y, x, width, S_BOLD, _("%s, then Enter (Esc cancels): "),
		                 q->asks_for[0] != '\0' ? q->asks_for : _("Reason"));
	else if (q->n_choices > 0)
		return x + screen_put(s, y, x, width, S_BOLD, _("a letter chooses   any other key: no"));
	else if (q->word[0] != '\0')
		at = screen_putf(s, y, x, width, S_BOLD, _("Type %s to confirm, Esc to cancel: "), q->word);
	else if (q->type > 0)
		at = screen_putf(s, y, x, width, S_BOLD, _("Type %lld to confirm, Esc to cancel: "), (long long)q->type);
	else
		at = screen_put(s, y, x, width, S_BOLD, _("y yes   any other key: no"));
	if (in_reason || types)
		at += screen_text(s, y, x + at, width - at, S_PLAIN, str_of(typed));
	return x + at;
}

void frame_question(struct ui *ui, const struct question *q, const char *typed, bool in_reason)
{
	struct screen *s = ui->screen;
	/* The prompt line is drawn at any height, because a question without it cannot be answered;
	 * lines of the text are left out instead. */
	int lines = MAX(0, MIN(q->n_lines, screen_height(s) - 4 - q->n_choices));
	int width = utf8_width(str_of(q->title)) + 8, height = lines + q->n_choices + 4;
	for (int i = 0; i < lines; i++)
		width = MAX(width, utf8_width(str_of(q->lines[i])) + 4);
	for (int i = 0; i < q->n_choices; i++)
		width = MAX(width, utf8_width(str_of(q->choices[i].label)) + 7);
	if (q->word[0] != '\0')
		width = MAX(width, 2 * (int)strlen(q->word) + 42);
	width = MIN(MAX(width, 44), screen_width(s));
	int y = MAX(0, (screen_height(s) - height) / 2), x = MAX(0, (screen_width(s) - width) / 2), at;
	screen_box(s, y, x, width, height, NULL);
	screen_put(s, y, x + 2, 1, S_PLAIN, " ");
	at = x + 3 + screen_text(s, y, x + 3, width - 6, S_BOLD, str_of(q->title));
	screen_put(s, y, at, 1, S_PLAIN, " ");
	for (int i = 0; i < lines; i++)
		screen_text(s, y + 1 + i, x + 2, width - 4, S_PLAIN, str_of(q->lines[i]));
	y += lines + 1;
	for (int i = 0; i < q->n_choices; i++, y++) {
		screen_putf(s, y, x + 2, 2, S_KEY, "%c", q->choices[i].key);
		screen_text(s, y, x + 5, width - 7, S_PLAIN, str_of(q->choices[i].label));
	}
	at = question_prompt(s, q, y + 1, x + 2, width - 4, typed, in_reason);
	screen_cursor(s, y + 1, MIN(at, x + width - 2));
}
