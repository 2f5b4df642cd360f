#pragma once
/*
 * Settings as a table: name, type, where it goes, default, range, help. One table per binary; what the other binary has is named in
 * `foreign` and accepted, anything else is a start-up error with the nearest name.
 * Precedence: default < file < user file (console) < environment SIGNALBOX_<NAME> < --name value.
 */
#include "shared/err.h"

enum setting_type { SET_STRING, SET_INT, SET_DURATION /* "30s", "500ms", "5m"; kept in ms */ };
enum setting_flag { SET_SECRET = 1 /* may hold a password: shown as *** and refused in argv */ };

struct setting {
	const char *name; /* with underscores */
	enum setting_type type;
	size_t at; /* offset of a char* or an int64_t */
	const char *def;
	int64_t min, max; /* SET_INT, SET_DURATION (ms) */
	int flags;
	const char *help;
};

struct settings_source {
	const struct setting *table;
	size_t n;
	const char *const *foreign; /* names of the other binary's settings, NULL-terminated */
	const char *user_file;      /* read after the file; may be NULL */
	void *into;                 /* the struct that `at` points into; its strings are owned by it */
	const char *from[64];       /* where each value came from, for --print-settings */
};

/* Fills `into`. Takes --config and every --name (value in the next word or after '=') out of argv; argc is what is left. Words after "--"
 * are left alone. ERR_BAD_INPUT with a text for the operator. */
MUSTCHECK int settings_load(struct settings_source *, int *argc, char **argv, struct err *);
void settings_print(const struct settings_source *, FILE *);
void settings_free(struct settings_source *);
/* The setting that "--word" may have meant, with dashes, in buf; NULL when none is near. */
const char *settings_nearest(const struct settings_source *, const char *word, char buf[static 64]);
/* The word nearest to `word` among n, by edit distance at most 2 (a third of longer words); NULL when none is near. */
const char *nearest(const char *word, const char *const *words, size_t n);
/* "30s" to milliseconds; -1 when it is none. A bare number means seconds. */
int64_t duration_ms(const char *);
