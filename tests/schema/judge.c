/*
 * Judges worker/toolbox/schema.c by files of the JSON Schema test suite: [{"description", "schema", "tests": [{"description", "data", "valid"}]}].
 * judge FILE…: a line "FILE: GROUP: TEST" for each test that it sees otherwise than the suite, then "N of M".
 */
#include <stdio.h>

#include "worker/toolbox/schema.h"

#define FILE_MAX (4u << 20)

static struct str read_file(struct arena *a, const char *path)
{
	struct strbuf b = STRBUF_INIT(FILE_MAX);
	char piece[4096];
	FILE *f = fopen(path, "r");
	if (f == NULL) {
		perror(path);
		exit(2);
	}
	for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
		strbuf_add(&b, piece, n);
	fclose(f);
	struct str text = { arena_dup(a, strbuf_text(&b), b.len), b.len };
	strbuf_release(&b);
	return text;
}

int main(int argc, char **argv)
{
	int n = 0, wrong = 0;
	for (int i = 1; i < argc; i++) {
		struct arena a = ARENA_INIT;
		struct err err;
		const struct json *j;
		if (json_parse(&a, read_file(&a, argv[i]), FILE_MAX, &j, &err) < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], err.msg);
			return 2;
		}
		for (const struct json *g = json_first(j); g != NULL; g = json_next(g))
			for (const struct json *t = json_first(json_get(g, "tests")); t != NULL; t = json_next(t), n++) {
				char why[SCHEMA_WHY_MAX];
				bool valid = false;
				json_bool(t, "valid", &valid);
				if (schema_fits(json_get(g, "schema"), json_get(t, "data"), why) == valid)
					continue;
				wrong++;
				printf("%s: %s: %s\n", argv[i], json_text(g, "description"), json_text(t, "description"));
			}
		arena_release(&a);
	}
	printf("%d of %d\n", n - wrong, n);
	return 0;
}
