#pragma once
/* The commands of commands.def, found by key or by name. Every operation is a command. */
#include "shared/base.h"

#define TAB(id, ...) VIEW_##id,
#define PAGE TAB
enum view_id {
#include "tui/views.def"
	VIEW_N
};
#undef TAB
#undef PAGE

/* Where a command applies: narrower scopes come later. */
#define TAB(id, ...) SCOPE_##id,
#define PAGE TAB
enum scope {
	SCOPE_ANY,
	SCOPE_LIST,
	SCOPE_TABLES,
	SCOPE_MESSAGES,
	SCOPE_TEXT,
#include "tui/views.def"
	SCOPE_N,
	SCOPE_VIEWS = SCOPE_N - VIEW_N, /* the scope of the first view */
};
#undef TAB
#undef PAGE
enum { IN_LIST = 1 << SCOPE_LIST, IN_TABLES = 1 << SCOPE_TABLES, IN_MESSAGES = 1 << SCOPE_MESSAGES, IN_TEXT = 1 << SCOPE_TEXT };
enum { WRITES = 1, ASKS = 2 };

enum cmd {
	CMD_NONE,
#define CMD(name, scope, keys, hint, flags, help) CMD_##name,
#include "tui/commands.def"
#undef CMD
	CMD_N
};

struct command {
	const char *name;
	enum scope scope;
	const char *keys, *hint;
	int flags;
	const char *help;
};
extern const struct command COMMANDS[CMD_N];

/* The scopes that apply in a view, as bits: SCOPES_QUEUE, … */
#define TAB(id, name, key, tab, help, scopes, ...) SCOPES_##id = (scopes) | 1 << SCOPE_ANY | 1 << SCOPE_##id,
#define PAGE(id, name, tab, scopes) TAB(id, name, , tab, , scopes, )
enum {
#include "tui/views.def"
};
#undef TAB
#undef PAGE

/* A line of views.def. */
struct view_info {
	const char *name, *title;
	enum cmd cmd; /* opens the tab; CMD_NONE: the view is a page */
	unsigned scopes;
	const char *counts, *alerts;
};
extern const struct view_info VIEW_INFO[VIEW_N];

/* The command of a key; the narrowest scope wins. CMD_NONE when there is none. */
enum cmd command_of_key(unsigned scopes, int key);
/* The command that `word` names; CMD_NONE when there is none. */
enum cmd command_of_name(const char *word);
/* The name of the command's first key, in buf (16 bytes). */
const char *command_key(enum cmd, char *buf);
/* Every key of every scope, for --print-keys and docs/gen/keys.md. */
void command_print_keys(FILE *);
