#include "tui/views/facts.h"

#include "shared/utf8.h"

int facts_line(struct screen *s, int y, const char *label)
{
	screen_put(s, y, 1, FACTS_X - 2, S_DIM, label);
	return FACTS_X;
}

void fact(struct screen *s, int y, int *x, const char *name, enum style style, struct str value)
{
	int width = utf8_width(str_of(name)) + (name[0] != '\0') + utf8_width(value), room = screen_width(s) - *x - 1;
	if (width > room && *x > FACTS_X)
		return;
	if (name[0] != '\0')
		*x += screen_put(s, y, *x, -1, S_DIM, name) + 1;
	*x += screen_text(s, y, *x, MAX(0, screen_width(s) - *x - 1), style, value) + 3;
}

void fact_rest(struct screen *s, int y, int x, enum style style, struct str value)
{
	screen_text(s, y, x, MAX(0, screen_width(s) - x - 1), style, value);
}
