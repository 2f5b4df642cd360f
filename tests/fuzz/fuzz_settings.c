/*
 * The three places that settings come from: a file (any bytes), the environment, the command line. The first byte chooses which; words of
 * the last two are separated by newlines. What is loaded is within its bounds, what is printed has no control, what is refused says why.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "shared/str.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/settings_table.h"

/* Printable ASCII, or a letter of another script as it is: no byte that a terminal obeys. A secret is never there. */
static void check_printed(const struct settings_source *src)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (f == NULL)
		abort();
	settings_print(src, f);
	fclose(f);
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7F)
			BROKEN("byte %02x is printed", (unsigned char)text[i]);
	int lines = 0;
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (lines != (int)ARRAY_SIZE(TABLE))
		BROKEN("%d lines are printed", lines);
	if (V.url[0] != '\0' && strncmp(text, "database_url       = ***  ", 26) != 0)
		BROKEN("a secret is printed");
	free(text);
}

static void load(int argc, char **argv)
{
	struct settings_source src = { .table = TABLE, .n = ARRAY_SIZE(TABLE), .foreign = FOREIGN, .into = &V };
	struct err err = { .code = ERR_OK };
	int before = argc;
	if (settings_load(&src, &argc, argv, &err) < 0) {
		if (err.code == ERR_OK || err.msg[0] == '\0')
			BROKEN("refused without a reason");
	} else {
		if (V.count < 1 || V.count > 100 || V.wait < 1000 || V.wait > 600000)
			BROKEN("concurrency %lld, timeout %lld", (long long)V.count, (long long)V.wait);
		if (argc < 1 || argc > before || argv[argc] != NULL)
			BROKEN("%d words are left of %d", argc, before);
		check_printed(&src);
	}
	settings_free(&src);
}

/* Splits at newlines; the words borrow `text`. */
static int words_of(char *text, char **words, int max)
{
	int n = 0;
	for (char *p = text, *nl; n < max && *p != '\0'; p = nl + 1) {
		nl = strchrnul(p, '\n');
		bool last = *nl == '\0';
		*nl = '\0';
		words[n++] = p;
		if (last)
			break;
	}
	words[n] = NULL;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	extern char **environ;
	static char *none[] = { NULL };
	char *words[34] = { (char *)(uintptr_t) "program", NULL }, path[40] = "/dev/null";
	if (size < 1)
		return 0;
	struct strbuf text = STRBUF_INIT(size);
	strbuf_add(&text, (const char *)data + 1, size - 1);
	environ = none;
	if (data[0] % 3 == 0) {
		int fd = memfd_create("settings", MFD_CLOEXEC);
		if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
			abort();
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		words[1] = (char *)(uintptr_t) "--config";
		words[2] = path;
		words[3] = NULL;
		load(3, words);
		close(fd);
	} else if (data[0] % 3 == 1 && text.len > 0) {
		words_of(text.ptr, words + 1, 30);
		environ = words + 1;
		char *argv[] = { words[0], (char *)(uintptr_t) "--config", path, NULL };
		load(3, argv);
		environ = none;
	} else if (text.len > 0) {
		/* a path of the input's own making is no file of this machine to be read */
		int n = strstr(text.ptr, "--config") == NULL ? words_of(text.ptr, words + 1, 30) : 0;
		load(1 + n, words);
	}
	strbuf_release(&text);
	return 0;
}
