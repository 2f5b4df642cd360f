/* Headers of limits, one a line: no wait is negative or longer than a day, whatever they say, and no count is negative. */
#include "tests/fuzz/fuzz.h"
#include "shared/err.h"
#include "worker/llm/limits.h"

#define DAY_MS 86400000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits l = LIMITS_AT(1790000000 * USEC_PER_SEC);
	char *copy = calloc(1, size + 1), *rest = copy;
	memcpy(copy, data, size);
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		char *colon = strchr(line, ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		limits_header(&l, line, colon + 1);
	}
	RULE(l.retry_after_ms >= -1 && l.retry_after_ms <= DAY_MS, "retry after %d ms", l.retry_after_ms);
	RULE(limits_wait_ms(&l) >= 0 && limits_wait_ms(&l) <= DAY_MS, "a wait of %d ms", limits_wait_ms(&l));
	RULE(limits_refused_ms(&l) >= 0 && limits_refused_ms(&l) <= DAY_MS, "a wait of %d ms", limits_refused_ms(&l));
	RULE(limits_acts(&l, ACT_NEXT) >= 0, "acts");
	for (int i = 0; i < LIMIT_N; i++)
		RULE(l.of[i].remaining >= -1 && l.of[i].total >= -1 && l.of[i].reset_ms >= -1 && l.of[i].reset_ms <= DAY_MS,
		     "limit %d", i);
	free(copy);
	return 0;
}
