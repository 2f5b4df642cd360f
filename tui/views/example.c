/* A view to see what a view takes. */
#include "tui/i18n.h"
#include "tui/view.h"

static void example_init(struct view *v)
{
	v->state = NULL;
}

static void example_release(struct view *v)
{
	(void)v;
}

static void example_want(struct view *v, struct want *w)
{
	(void)v;
	(void)w;
}

static void example_bind(struct view *v, const struct snapshot *s)
{
	(void)v;
	(void)s;
}

static void example_draw(struct view *v, struct ui *ui)
{
	(void)v;
	screen_put(ui->screen, ui->top, 1, -1, S_PLAIN, _("an example"));
}

static bool example_command(struct view *v, struct ui *ui, enum cmd cmd)
{
	(void)v;
	(void)ui;
	(void)cmd;
	return false;
}

const struct view_ops view_example = { .init = example_init,
	                               .release = example_release,
	                               .want = example_want,
	                               .bind = example_bind,
	                               .draw = example_draw,
	                               .command = example_command };
