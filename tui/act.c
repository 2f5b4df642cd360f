/* Actions that several views share: what a key does to the marked rows, or to the one under the cursor. */
#include "shared/utf8.h"
#include "tui/i18n.h"
#include "tui/view.h"

#define BATCH_FREE 20 /* up to this many marked messages are retried without a question */
#define PACE_MS 200   /* between the retries of a batch: 5 a second */

void question_say(struct question *q, const char *line)
{
	snprintf(q->lines[q->n_lines++], sizeof q->lines[0], "%s", line);
}

void question_offer(struct question *menu, char key, const char *label, struct question *then)
{
	struct choice *c = &menu->choices[menu->n_choices++];
	c->key = key;
	c->then = then;
	snprintf(c->label, sizeof c->label, "%s", label);
}

struct copied copy_text(const struct list_row *r, int column)
{
	struct str text = block_str(r->block, r->row, column);
	if (utf8_count(text) == LIST_TEXT)
		return (struct copied){
			.why = _(
				"the list has its first 200 characters only: Enter opens the message, y t there copies all of it")
		};
	return (struct copied){ .text = text };
}

static void act_add(struct strbuf *b, const char *value)
{
	strbuf_str(b, b->len == 0 ? "{" : ",");
	strbuf_str(b, value[0] != '\0' ? value : "NULL");
}

/* Collects the rows of an action (the marked ones, or the one under the cursor) as array literals
 * of uuids and of the attempts seen. Returns their number; *other: rows that are gone or have
 * another status. Marks without a row in the list are ignored. */
static int gather(struct list *l, const struct message_columns *c, const char *status, struct strbuf *uuids, struct strbuf *jobs,
                  int *other)
{
	int n = 0;
	*other = 0;
	for (int i = 0; i < l->n; i++) {
		const struct list_row *r = &l->rows[i];
		bool meant = l->n_marks > 0 ? list_is_marked(l, r) : i == l->cursor;
		if (!meant)
			continue;
		if (r->is_ghost || (status != NULL && strcmp(block_at(r->block, r->row, c->status), status) != 0)) {
			(*other)++;
			continue;
		}
		act_add(uuids, block_at(r->block, r->row, c->uuid));
		act_add(jobs, list_seen_job(l, r));
		n++;
	}
	strbuf_str(uuids, uuids->len == 0 ? "{}" : "}");
	strbuf_str(jobs, jobs->len == 0 ? "{}" : "}");
	return n;
}

void act_retry_one(struct ui *ui, const char *label, const char *uuid, const char *job, const char *status)
{
	char hold[32], undo[48];
	const char *args[sql_tui_act_retry_args] = { [ARG_ACT_RETRY_MESSAGE] = uuid,
		                                     [ARG_ACT_RETRY_ACTOR] = ui->operator_name,
		                                     [ARG_ACT_RETRY_JOB] = job[0] != '\0' ? job : NULL,
		                                     [ARG_ACT_RETRY_HOLD] = hold };
	if (!ui_may_act(ui))
		return;
	if (strcmp(status, "failed") != 0) {
		ui_say(ui, "%s", _("only failed messages can be retried"));
		return;
	}
	snprintf(hold, sizeof hold, "%lld ms", (long long)ui->retry_hold_ms);
	snprintf(undo, sizeof undo, "{%s}", uuid);
	ui_act_take(ui, action_new(ACT_RETRY, label, args));
	ui_can_undo(ui, undo, ui->retry_hold_ms);
}

struct action *act_retry_many(struct ui *ui, int64_t n, const char *uuids, const char *jobs, int pace_ms)
{
	char hold[32], pace[32], label[48];
	const char *args[sql_tui_act_retry_many_args] = { [ARG_ACT_RETRY_MANY_MESSAGES] = uuids,
		                                          [ARG_ACT_RETRY_MANY_JOBS] = jobs,
		                                          [ARG_ACT_RETRY_MANY_ACTOR] = ui->operator_name,
		                                          [ARG_ACT_RETRY_MANY_HOLD] = hold,
		                                          [ARG_ACT_RETRY_MANY_PACE] = pace };
	snprintf(hold, sizeof hold, "%lld ms", (long long)ui->retry_hold_ms);
	snprintf(pace, sizeof pace, "%d ms", pace_ms);
	snprintf(label, sizeof label, NP_("%lld message", "%lld messages", n), (long long)n);
	return action_new(ACT_RETRY_MANY, label, args);
}

static struct action *retry_many(struct ui *ui, int n, const struct strbuf *uuids, const struct strbuf *jobs)
{
	return act_retry_many(ui, n, strbuf_text(uuids), strbuf_text(jobs), n > BATCH_FREE ? PACE_MS : 0);
}

void act_retry(struct ui *ui, struct list *l, const struct message_columns *c)
{
	struct strbuf uuids = STRBUF_INIT(2u << 20), jobs = STRBUF_INIT(2u << 20);
	int other, n = gather(l, c, "failed", &uuids, &jobs, &other);
	if (!ui_may_act(ui)) {
		n = 0;
	} else if (n == 0) {
		ui_say(ui, "%s", _("only failed messages can be retried"));
	} else if (l->n_marks == 0) {
		const struct list_row *r = list_current(l);
		char label[24];
		snprintf(label, sizeof label, "%lld", (long long)r->id);
		act_retry_one(ui, label, block_at(r->block, r->row, c->uuid), r->job, "failed");
	} else if (n <= BATCH_FREE) {
		ui_act_take(ui, retry_many(ui, n, &uuids, &jobs));
		ui_can_undo(ui, strbuf_text(&uuids), ui->retry_hold_ms);
		l->n_marks = 0;
	} else {
		struct question *q = xcalloc(1, sizeof *q);
		snprintf(q->title, sizeof q->title, NP_("Retry %d message", "Retry %d messages", n), n);
		snprintf(q->lines[q->n_lines++], sizeof q->lines[0], _("will retry  %d, those marked, 5 a second"), n);
		if (other > 0)
			snprintf(q->lines[q->n_lines++], sizeof q->lines[0], _("skipped     %d, not failed any more"), other);
		q->type = n;
		q->yes = retry_many(ui, n, &uuids, &jobs);
		q->undo = xstrdup(strbuf_text(&uuids));
		q->undo_ms = ui->retry_hold_ms + (int64_t)n * PACE_MS;
		ui_ask_take(ui, q);
		l->n_marks = 0;
	}
	strbuf_release(&uuids);
	strbuf_release(&jobs);
}

void act_cancel_one(struct ui *ui, const char *label, const char *uuid, const char *job, const char *status)
{
	bool running = strcmp(status, "processing") == 0;
	/* Only a running message has an attempt to guard: a waiting message has none. */
	const char *args[sql_tui_act_cancel_args] = { [ARG_ACT_CANCEL_MESSAGE] = uuid,
		                                      [ARG_ACT_CANCEL_ACTOR] = ui->operator_name,
		                                      [ARG_ACT_CANCEL_JOB] = running ? job : NULL,
		                                      [ARG_ACT_CANCEL_STATUS] = status };
	if (!ui_may_act(ui))
		return;
	if (!running && strcmp(status, "queued") != 0 && strcmp(status, "pending") != 0) {
		ui_say(ui, "%s", _("only waiting or running messages can be cancelled"));
		return;
	}
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, _("Cancel message %s"), label);
	snprintf(q->lines[q->n_lines++], sizeof q->lines[0], "%s",
	         running ? _("It is being answered: the call is ended, what it used is still paid.")
	                 : _("It waits; nobody has begun with it."));
	snprintf(q->lines[q->n_lines++], sizeof q->lines[0], "%s",
	         _("The user gets no answer. `signalbox retry` brings it back."));
	q->yes = action_new(ACT_CANCEL, label, args);
	ui_ask_take(ui, q);
}

void act_cancel(struct ui *ui, struct list *l, const struct message_columns *c)
{
	const struct list_row *r = list_current(l);
	char label[24];
	if (r == NULL || r->is_ghost) {
		ui_say(ui, "%s", _("there is no message under the cursor"));
		return;
	}
	snprintf(label, sizeof label, "%lld", (long long)r->id);
	act_cancel_one(ui, label, block_at(r->block, r->row, c->uuid), r->job, block_at(r->block, r->row, c->status));
}

void act_pause(struct ui *ui, const char *agent, bool paused)
{
	const char *pause[sql_tui_act_pause_args] = { [ARG_ACT_PAUSE_AGENT] = agent, [ARG_ACT_PAUSE_ACTOR] = ui->operator_name };
	const char *resume[sql_tui_act_resume_args] = {
		[ARG_ACT_RESUME_AGENT] = agent, [ARG_ACT_RESUME_ACTOR] = ui->operator_name
	};
	if (!ui_may_act(ui))
		return;
	struct question *q = xcalloc(1, sizeof *q);
	snprintf(q->title, sizeof q->title, paused ? _("Resume %.40s") : _("Pause %.40s"), agent);
	snprintf(q->lines[q->n_lines++], sizeof q->lines[0], "%s",
	         paused ? _("Its waiting messages start again.")
	                : _("It starts no message until it is resumed; what runs goes on."));
	q->wants_reason = !paused;
	q->reason_arg = ARG_ACT_PAUSE_REASON;
	q->yes = paused ? action_new(ACT_RESUME, agent, resume) : action_new(ACT_PAUSE, agent, pause);
	ui_ask_take(ui, q);
}
