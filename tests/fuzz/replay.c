/*
 * Runs a harness without a fuzzer, in every check: on the recordings, each as every protocol's, and on up to 3,000 inputs made of them, as many as
 * 5 s
 * are enough for (cut, joined, bytes turned over, copied and set to what parsers stumble over). `make fuzz` looks for new ones.
 */
#include <glob.h>

#include "shared/clock.h"
#include "tests/fuzz/fuzz.h"

#define FILES_MAX 400
#define BYTES_MAX 16384
#define ROUNDS 3000
#define LONGEST (5 * USEC_PER_SEC) /* of all rounds: harnesses that go over sockets make fewer */

static struct {
	uint8_t *bytes;
	size_t n;
} files[FILES_MAX];
static size_t n_files;
static uint64_t state = 88172645463325252u;

static size_t random_below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n > 0 ? (size_t)(state % n) : 0;
}

static void load(const char *path)
{
	FILE *f = fopen(path, "re");
	if (f == NULL || n_files == FILES_MAX)
		abort();
	uint8_t *bytes = malloc(BYTES_MAX);
	files[n_files].n = fread(bytes, 1, BYTES_MAX, f);
	files[n_files++].bytes = bytes;
	fclose(f);
}

/* In memory of its own size, so that a read past its end is seen by AddressSanitizer. */
static void run(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	memcpy(copy, bytes, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static size_t mutate(uint8_t *out, size_t n)
{
	static const char *const WORDS[] = {
		"\"",           "{",    "}", "[", "]",     "\\ud83d", "\n\n", "data: ", "\xEF\xBB\xBF",
		"\xED\xA0\xBD", "\x1b", "0", "-", "1e999", "[DONE]"
	};
	for (size_t k = random_below(4) + 1; k > 0; k--) {
		size_t at = random_below(n), len = random_below(MIN(n - at, 64) + 1);
		const char *word = WORDS[random_below(ARRAY_SIZE(WORDS))];
		switch (random_below(5)) {
		case 0: /* a bit */
			if (n > 0)
				out[at] ^= (uint8_t)(1u << random_below(8));
			break;
		case 1: /* cut out */
			memmove(out + at, out + at + len, n - at - len);
			n -= len;
			break;
		case 2: /* twice */
			if (n + len <= BYTES_MAX) {
				memmove(out + at + len, out + at, n - at);
				n += len;
			}
			break;
		case 3: /* a word */
			len = MIN(strlen(word), n - at);
			memcpy(out + at, word, len);
			break;
		default: /* an end */
			n = at;
		}
	}
	return n;
}

int main(void)
{
	static uint8_t buf[BYTES_MAX + 2];
	glob_t g;
	int rounds = 0;
	usec_t began = clock_mono();
	if (glob("tests/golden/*/*", 0, NULL, &g) != 0) {
		fprintf(stderr, "no tests/golden: is this the top of the source tree?\n");
		return 1;
	}
	for (size_t i = 0; i < g.gl_pathc; i++)
		load(g.gl_pathv[i]);
	globfree(&g);
	for (size_t i = 0; i < n_files && clock_mono() - began < LONGEST; i++)
		for (uint8_t protocol = 0; protocol < 8;
		     protocol++) { /* fuzz_reply's first byte: which of shared/protocols.def */
			buf[0] = protocol;
			buf[1] = 2;
			memcpy(buf + 2, files[i].bytes, files[i].n);
			run(buf, files[i].n + 2);
		}
	for (; rounds < ROUNDS && clock_mono() - began < LONGEST; rounds++) {
		size_t f = random_below(n_files), skip = random_below(3);
		for (size_t i = 0; i < 2; i++)
			buf[i] = (uint8_t)random_below(256);
		memcpy(buf + 2, files[f].bytes, files[f].n);
		size_t n = mutate(buf + 2, MIN(files[f].n, BYTES_MAX - 64));
		run(buf + skip, n + 2 - skip);
	}
	for (size_t i = 0; i < n_files; i++)
		free(files[i].bytes);
	fprintf(stderr, "[  PASSED  ] 1 test(s). (%zu recordings, %d made of them)\n", n_files, rounds);
	return 0;
}
