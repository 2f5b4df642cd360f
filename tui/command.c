#include "tui/command.h"

#include "tui/i18n.h"
#include "tui/keys.h"

const struct command COMMANDS[CMD_N] = {
#define CMD(name_, scope_, keys_, hint_, flags_, help_) [CMD_##name_] = { #name_, SCOPE_##scope_, keys_, hint_, flags_, help_ },
#include "tui/commands.def"
#undef CMD
};

const struct view_info VIEW_INFO[VIEW_N] = {
#define TAB(id, name_, key, tab, help, scopes_, counts_, alerts_) \
	[VIEW_##id] = { #name_, tab, CMD_##name_, SCOPES_##id, counts_, alerts_ },
#define PAGE(id, name_, tab, scopes_) [VIEW_##id] = { #name_, tab, CMD_NONE, SCOPES_##id, "", "" },
#include "tui/views.def"
#undef TAB
#undef PAGE
};

static bool has_key(const char *keys, int key)
{
	char name[16];
	for (const char *p = keys; *p != '\0'; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		snprintf(name, sizeof name, "%.*s", (int)n, p);
		if (keys_code(name) == key)
			return true;
		p += n;
	}
	return false;
}

enum cmd command_of_key(unsigned scopes, int key)
{
	enum cmd best = CMD_NONE;
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++)
		if ((scopes & (1u << COMMANDS[c].scope)) && has_key(COMMANDS[c].keys, key) &&
		    (best == CMD_NONE || COMMANDS[c].scope > COMMANDS[best].scope))
			best = c;
	return best;
}

enum cmd command_of_name(const char *word)
{
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++)
		if (strcmp(COMMANDS[c].name, word) == 0)
			return c;
	return CMD_NONE;
}

const char *command_key(enum cmd c, char *buf)
{
	snprintf(buf, 16, "%.*s", (int)strcspn(COMMANDS[c].keys, " "), COMMANDS[c].keys);
	return buf;
}

void command_print_keys(FILE *out)
{
	static const char *const SCOPES[] = { "everywhere", "in lists", "in Agents and Health", "in lists of messages",
		                              "in texts" };
	fprintf(out, "| where | key | command | does |\n|---|---|---|---|\n");
	for (enum scope s = 0; s < SCOPE_N; s++)
		for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++)
			if (COMMANDS[c].scope == s)
				fprintf(out, "| %s%s | `%s` | `:%s` | %s |\n", s < SCOPE_VIEWS ? "" : "in ",
				        s < SCOPE_VIEWS ? SCOPES[s] : VIEW_INFO[s - SCOPE_VIEWS].title, COMMANDS[c].keys,
				        COMMANDS[c].name, COMMANDS[c].help);
}
