#pragma once
/* The commands of commands.def: found by key, found by name. Nothing is done but by one of them. */
#include "shared/base.h"

enum scope {
	SCOPE_ANY,
	SCOPE_LIST,
	SCOPE_TABLES,
	SCOPE_MESSAGES,
	SCOPE_FAILED,
	SCOPE_AGENTS,
	SCOPE_HEALTH,
	SCOPE_TEXT,
	SCOPE_TEST,
	SCOPE_N
};
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

/* Which scopes a view answers to, as bits. */
#define SCOPES_QUEUE (1u << SCOPE_LIST | 1u << SCOPE_MESSAGES | 1u << SCOPE_ANY)
#define SCOPES_FAILED (SCOPES_QUEUE | 1u << SCOPE_FAILED)
#define SCOPES_AGENTS (1u << SCOPE_LIST | 1u << SCOPE_TABLES | 1u << SCOPE_AGENTS | 1u << SCOPE_ANY)
#define SCOPES_HEALTH (1u << SCOPE_LIST | 1u << SCOPE_TABLES | 1u << SCOPE_HEALTH | 1u << SCOPE_ANY)
#define SCOPES_MESSAGE (1u << SCOPE_TEXT | 1u << SCOPE_ANY)
#define SCOPES_TEST (1u << SCOPE_TEXT | 1u << SCOPE_TEST | 1u << SCOPE_ANY)

/* The command of a key; the narrowest scope wins. CMD_NONE when there is none. */
enum cmd command_of_key(unsigned scopes, int key);
/* The command that `word` names; CMD_NONE. */
enum cmd command_of_name(const char *word);
/* The first of its keys, as a name. buf of 16. */
const char *command_key(enum cmd, char *buf);
/* Every key of every scope, for --print-keys and docs/gen/keys.md. */
void command_print_keys(FILE *);
