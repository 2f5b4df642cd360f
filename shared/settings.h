#pragma once
/*
 * Settings as a table: name, type, target field, default, range, help. One table per binary. The
 * names of the other binary's settings are listed in `foreign` and ignored; any other name is a
 * start-up error that suggests the nearest name. Precedence: default < file < user file (console) <
 * environment SIGNALBOX_<NAME> < --name value.
 */
#include "shared/err.h"

enum setting_type { SET_STRING, SET_INT, SET_DURATION /* "30s", "500ms", "5m"; kept in ms */ };
/* SET_SECRET: may hold a password; printed as ***, and a password is refused in argv. */
/* The type of a setting's field; of a DURATION in ms. */
typedef char *SETTING_STRING;
typedef int64_t SETTING_INT, SETTING_DURATION;
#define SETTING_DAY_MS 86400000

enum setting_flag { SET_SECRET = 1 };

struct setting {
	const char *name; /* with underscores */
	enum setting_type type;
	size_t at; /* offset of a char* or an int64_t */
	const char *def;
	int64_t min, max; /* SET_INT, SET_DURATION (ms) */
	int flags;
	const char *help;
};

/* For the two lists of settings: a line as a row of a program's own table (its fields are those of
 * struct options), and as a name of the other program's. */
#define SETTING_ROW(name, field, type, def, min, max, flags, help) \
	{ #name, SET_##type, offsetof(struct options, field), def, min, max, flags, help },
#define SETTING_NAME(name, ...) #name,

struct settings_source {
	const struct setting *table;
	size_t n;
	const char *const *foreign; /* names of the other binary's settings, NULL-terminated */
	const char *user_file;      /* read after the file; may be NULL */
	/* The struct that `at` is an offset in. The struct owns its strings. */
	void *into;
	const char *from[64]; /* where each value came from, for --print-settings */
};

/* Fills `into`. Removes --config and every --name (value in the next word or after '=') from argv
 * and sets argc to what is left. Words after "--" stay. On failure ERR_BAD_INPUT with a text for
 * the operator. */
MUSTCHECK int settings_load(struct settings_source *, int *argc, char **argv, struct err *);
void settings_print(const struct settings_source *, FILE *);
void settings_free(struct settings_source *);
/* The name of the setting nearest to "--word", with dashes, in buf; NULL when none is near. */
const char *settings_nearest(const struct settings_source *, const char *word, char buf[static 64]);
/* The word nearest to `word` among n: edit distance at most 2, or a third of the length of a longer
 * word. NULL when none is near. */
const char *nearest(const char *word, const char *const *words, size_t n);
/* Converts "30s" to milliseconds; -1 if it is not a duration. A number without unit means
 * seconds. */
int64_t duration_ms(const char *);
