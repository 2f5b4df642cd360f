/* Questions: which keys mean yes, and what a yes does. The default is no. */
#include "tui/app_state.h"
#include "tui/i18n.h"

#define DEAF_USEC (300 * USEC_PER_MSEC)  /* a new question ignores keys meant for the list */
#define HABIT_USEC (500 * USEC_PER_MSEC) /* after a yes, an Enter must not act on the list */

static void question_free(struct question *q)
{
	if (q == NULL)
		return;
	for (int i = 0; i < q->n_choices; i++)
		question_free(q->choices[i].then);
	action_free(q->yes);
	free(q->undo);
	free(q);
}

void app_close_question(struct app *a)
{
	question_free(a->question);
	a->question = NULL;
	a->mode = MODE_VIEW;
	a->in_reason = false;
}

void ui_ask_take(struct ui *ui, struct question *q)
{
	struct app *a = ui->app;
	app_close_question(a);
	a->question = q;
	a->asked_at = clock_mono();
	a->mode = MODE_QUESTION;
	field_clear(&a->field);
}

static void confirm(struct app *a)
{
	struct question *q = a->question;
	if (q->wants_reason && !a->in_reason) {
		a->in_reason = true;
		field_clear(&a->field);
		return;
	}
	if (a->in_reason && a->field.len > 0)
		action_set(q->yes, q->reason_arg, a->field.text);
	if (ui_may_act(&a->ui)) {
		ui_act_take(&a->ui, q->yes);
		q->yes = NULL;
		if (q->undo != NULL)
			ui_can_undo(&a->ui, q->undo, q->undo_ms);
	}
	app_close_question(a);
	a->answered_at = clock_mono();
}

static void refuse(struct app *a)
{
	app_close_question(a);
	ui_say(&a->ui, "%s", _("nothing was changed"));
}

static void choose(struct app *a, int key)
{
	struct question *q = a->question, *then = NULL;
	for (int i = 0; i < q->n_choices; i++)
		if (q->choices[i].key == key) {
			then = q->choices[i].then;
			q->choices[i].then = NULL;
		}
	if (then != NULL)
		ui_ask_take(&a->ui, then);
	else
		refuse(a);
}

/* The operator types a number or a name: only the whole of it, ended by Enter, means yes. Enter
 * before that does nothing, so that an Enter out of habit does not reach the list below. */
static void type_key(struct app *a, int key)
{
	const struct question *q = a->question;
	char number[24];
	snprintf(number, sizeof number, "%lld", (long long)q->type);
	bool fits = q->word[0] != '\0' ? key > ' ' && key < K_NONE : key >= '0' && key <= '9';
	if (key == K_ENTER) {
		if (strcmp(a->field.text, q->word[0] != '\0' ? q->word : number) == 0)
			confirm(a);
	} else if (fits || key == K_BACKSPACE) {
		field_key(&a->field, key);
	} else {
		refuse(a);
	}
}

void app_question_key(struct app *a, int key)
{
	if (clock_mono() - a->asked_at < DEAF_USEC)
		return;
	if (a->in_reason) {
		if (key == K_ENTER)
			confirm(a);
		else if (key == K_ESC)
			app_close_question(a);
		else
			field_key(&a->field, key);
	} else if (a->question->n_choices > 0) {
		choose(a, key);
	} else if (a->question->type > 0 || a->question->word[0] != '\0') {
		type_key(a, key);
	} else if (key == 'y') {
		confirm(a);
	} else {
		refuse(a);
	}
}

bool app_is_habit(struct app *a, int key)
{
	bool is_habit = key == K_ENTER && a->answered_at != 0 && clock_mono() - a->answered_at < HABIT_USEC;
	a->answered_at = 0;
	return is_habit;
}
