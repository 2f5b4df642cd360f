/* The help of a view: made from the same table that finds the command of a key. */
#include "tui/frame.h"
#include "tui/i18n.h"

void help_draw(struct ui *ui, unsigned scopes, const char *view, int scroll, bool may_write)
{
	struct screen *s = ui->screen;
	int top = 3, height = screen_height(s) - 4, width = screen_width(s), line = 0, y = top + 1;
	char title[120];
	if (height < 4)
		return;
	snprintf(title, sizeof title, _("Help: %s   j k scroll, Esc closes"), view);
	screen_box(s, top, 0, width, height, title);
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++) {
		if (!(scopes & (1u << COMMANDS[c].scope)))
			continue;
		if (line++ < scroll)
			continue;
		if (y >= top + height - 1) {
			screen_put(s, top + height - 1, width - 12, -1, S_DIM, _(" more: j "));
			break;
		}
		bool off = (COMMANDS[c].flags & WRITES) && !may_write;
		screen_put(s, y, 3, 16, S_KEY, COMMANDS[c].keys);
		int x = 20 + screen_put(s, y, 20, MAX(0, width - 22), off ? S_DIM : S_PLAIN, _(COMMANDS[c].help));
		if (off)
			screen_put(s, y, x + 1, MAX(0, width - x - 3), S_DIM, _("(not now: read-only, or the database is away)"));
		y++;
	}
}
