/* An error of any provider: it has a class that is an error, a wait of at most a day, and a text that may be shown. The first two bytes are the
 * status. */
#include "tests/fuzz/fuzz.h"
#include "worker/llm/classify.h"

static void check(const struct err *err)
{
	RULE(err->code > ERR_OK && err->code < ERR_N, "no error");
	RULE(err->wait_ms >= 0 && err->wait_ms <= 86400000, "a wait of %d ms", err->wait_ms);
	for (const char *p = err->msg; *p != '\0'; p++)
		RULE((unsigned char)*p >= 0x20 && *p != 0x7F, "a control character");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const PAYLOAD[] = { "choices", NULL };
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err err = { .code = ERR_OK }, ignored;
	if (size < 2)
		return 0;
	struct str body = { (const char *)data + 2, size - 2 };
	classify_http(300 + data[0] + data[1] % 50, body, data[1] == 0 ? 1000 : -1, &err);
	check(&err);
	if (json_parse_piece(&a, body, ERROR_BODY_MAX, &j, &ignored) == 0) {
		is_error_event(j, "", PAYLOAD);
		err.code = ERR_OK;
		classify_event(body, j, &err);
		check(&err);
	}
	arena_release(&a);
	char *location = calloc(1, size);
	memcpy(location, body.ptr, body.len);
	classify_redirect(307, location, &err);
	check(&err);
	free(location);
	return 0;
}
