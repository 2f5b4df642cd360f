#include "worker/tools/languages.h"

/* The limits of memory: measured, see docs/decisions/021-sandbox.md. Node reserves gigabytes of addresses, and hangs with
 * less than 48 MB of data. */
static const struct language LANGUAGES[] = {
	{ .name = "python",
	  .file = "main.py",
	  .program = "/usr/bin/python3",
	  .inside = "/usr/bin/python3",
	  .binds = { "/usr/lib/python3.[0-9]*" },
	  .args = { "-I", "-B", "-Xutf8" },
	  .limits = { "--as=536870912" } },
	{ .name = "javascript",
	  .file = "main.js",
	  .program = "/usr/bin/node",
	  .inside = "/usr/bin/node",
	  .binds = { "/usr/share/nodejs" }, /* Debian keeps parts of it there */
	  .args = { "--max-old-space-size=192" },
	  .limits = { "--data=402653184", "--as=4294967296" } },
	{ .name = "bash",
	  .file = "main.sh",
	  .program = "/usr/bin/bash",
	  .inside = "/usr/bin/bash",
	  .binds = { "/usr/bin", "/etc/alternatives" },
	  .args = { "--norc", "--noprofile" },
	  .limits = { "--as=268435456" } },
};

const struct language *language_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(LANGUAGES); i++)
		if (strcmp(LANGUAGES[i].name, name) == 0)
			return &LANGUAGES[i];
	return NULL;
}

const struct language *language_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(LANGUAGES) ? &LANGUAGES[i] : NULL;
}
