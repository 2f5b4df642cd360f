#include "tui/keys.h"

static const struct {
	const char *name;
	int code;
} NAMES[] = {
	{ "Up", K_UP },
	{ "Down", K_DOWN },
	{ "Left", K_LEFT },
	{ "Right", K_RIGHT },
	{ "Home", K_HOME },
	{ "End", K_END },
	{ "PgUp", K_PGUP },
	{ "PgDn", K_PGDN },
	{ "Enter", K_ENTER },
	{ "Esc", K_ESC },
	{ "Backspace", K_BACKSPACE },
	{ "Delete", K_DELETE },
	{ "Tab", K_TAB },
	{ "Shift-Tab", K_BACKTAB },
	{ "F1", K_F1 },
	{ "F5", K_F5 },
	{ "Space", ' ' },
	{ "Alt-Enter", K_ALT_ENTER },
};

int keys_code(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (strcmp(NAMES[i].name, name) == 0)
			return NAMES[i].code;
	if (name[0] == '^' && name[1] != '\0' && name[2] == '\0')
		return K_CTRL(name[1]);
	return name[0] != '\0' && name[1] == '\0' ? (unsigned char)name[0] : K_NONE;
}

const char *keys_name(int code, char buf[static 16])
{
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (NAMES[i].code == code)
			return NAMES[i].name;
	if (code > 0 && code < 0x20)
		snprintf(buf, 16, "^%c", code + 0x60);
	else
		snprintf(buf, 16, "%c", code < 0x7F && code > 0 ? code : '?');
	return buf;
}
