/*
 * Runs code in the sandbox as a worker does, and prints what came of it: box LANGUAGE FILE [TIMEOUT_MS]. The first line: verdict, exit code,
 * milliseconds, bytes of output; then the output. For tests/sandbox/run.sh.
 */
#include <stdio.h>

#include "worker/tools/sandbox.h"

int main(int argc, char **argv)
{
	struct sandbox *s;
	struct sandbox_result r;
	struct err err;
	struct strbuf code = STRBUF_INIT(4u << 20);
	char buf[8192];
	size_t n;
	FILE *f = argc > 2 ? fopen(argv[2], "re") : NULL;
	if (f == NULL)
		return 2;
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		strbuf_add(&code, buf, n);
	fclose(f);
	if (sandbox_new(&s, &err) < 0) {
		printf("none %s\n", err.msg);
		return 3;
	}
	const struct sandbox_run run = { .language = argv[1],
		                         .code = { strbuf_text(&code), code.len },
		                         .timeout_ms = argc > 3 ? atol(argv[3]) : 5000 };
	sandbox_run(s, &run, &r);
	printf("%s %d %lld %lld %s\n", verdict_word(r.verdict), r.exit_code, (long long)(r.took / USEC_PER_MSEC), (long long)r.output_bytes, r.why);
	fwrite(strbuf_text(&r.output), 1, r.output.len, stdout);
	strbuf_release(&r.output);
	strbuf_release(&code);
	sandbox_free(s);
	return 0;
}
