#include "worker/llm/address.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <strings.h>

/* Names that a provider's configuration must not use as secrets: the worker's own settings and
 * those of its database connection. provider_check.sql has the same rule. */
static bool address_is_ours(const char *name)
{
	return strncmp(name, "SIGNALBOX_", 10) == 0 || strncmp(name, "PG", 2) == 0;
}

bool secret_is_allowed(const char *names, const char *name)
{
	char pattern[200];
	for (const char *p = names; *p != '\0';) {
		size_t n = strcspn(p, ", \t");
		snprintf(pattern, sizeof pattern, "%.*s", (int)MIN(n, sizeof pattern - 1), p);
		if (n > 0 && n < sizeof pattern && fnmatch(pattern, name, 0) == 0)
			return !address_is_ours(name);
		p += n + (p[n] != '\0');
	}
	return false;
}

/* Reads the variable `name`, or else the first line of the file that NAME_FILE names. */
static int fetch(const char *name, char out[static SECRET_MAX], struct err *err)
{
	char file_name[128];
	const char *from = getenv(name);
	if (from != NULL && *from != '\0') {
		snprintf(out, SECRET_MAX, "%s", from);
		return 0;
	}
	snprintf(file_name, sizeof file_name, "%s_FILE", name);
	from = getenv(file_name);
	if (from == NULL)
		return err_set(err, ERR_NO_KEY, "the worker has no %.60s (nor a file named by %.60s_FILE)", name, name);
	FILE *f = fopen(from, "re");
	bool read = f != NULL && fgets(out, SECRET_MAX, f) != NULL;
	if (!read)
		err_set(err, ERR_NO_KEY, "%.60s_FILE names %.80s: %s", name, from,
		        f == NULL   ? strerror(errno)
		        : ferror(f) ? "it cannot be read"
		                    : "it is empty");
	if (f != NULL)
		fclose(f);
	return read ? 0 : -1;
}

int secret_read(const char *name, char out[static SECRET_MAX], struct secrets *used, struct err *err)
{
	if (address_is_ours(name))
		return err_set(err, ERR_NO_KEY, "%.60s is not for providers: name another variable", name);
	if (!secret_is_allowed(used->allowed, name))
		return err_set(err, ERR_NO_KEY, "the worker's setting secret_names does not allow %.60s: it is %.100s", name,
		               used->allowed);
	if (fetch(name, out, err) < 0)
		return -1;
	size_t n = strcspn(out, "\r\n");
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\t'))
		n--;
	out[n] = '\0';
	if (n > 0 && n < SECRET_MAX - 2) {
		strbuf_reserve(&used->all);
		strbuf_addf(&used->all, "%s\n", out);
	}
	if (n > 0 && n < SECRET_MAX - 2 && !used->all.broken)
		return 0;
	explicit_bzero(out, SECRET_MAX);
	return err_set(err, ERR_NO_KEY, n == 0 ? "%.60s is empty" : "%.60s is longer than %d bytes", name, SECRET_MAX - 2);
}

/* Reads the name of the variable that begins at `at` ("$NAME" or "${NAME}"). Returns its length in
 * bytes with $ and braces, 0 when no variable begins there. */
static size_t variable(const char *at, char name[static 100])
{
	bool is_braced = at[0] == '$' && at[1] == '{';
	const char *start = at + 1 + is_braced;
	size_t n = 0;
	if (at[0] != '$' || isdigit((unsigned char)*start))
		return 0;
	while (isalnum((unsigned char)start[n]) || start[n] == '_')
		n++;
	if (n == 0 || n >= 100 || (is_braced && start[n] != '}'))
		return 0;
	memcpy(name, start, n);
	name[n] = '\0';
	return n + 1 + (is_braced ? 2 : 0);
}

static void put_escaped(struct strbuf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		strbuf_addf(out, isalnum((unsigned char)*p) || strchr("-_.~", *p) != NULL ? "%c" : "%%%02X", (unsigned char)*p);
}

#define BLOT_MIN 6

/* Overwrites each copy of `secret` (n bytes) in `text`, and the beginning of a copy that is cut at
 * the end of `text`. */
static void blot_one(char *text, const char *secret, size_t n)
{
	for (char *at = text; n >= BLOT_MIN && *at != '\0'; at++) {
		size_t same = 0;
		while (same < n && at[same] != '\0' && at[same] == secret[same])
			same++;
		if (same == n || (same >= BLOT_MIN && at[same] == '\0'))
			memset(at, '*', same);
	}
}

void secrets_blot(const struct secrets *s, char *text)
{
	struct strbuf escaped = STRBUF_INIT(SECRET_MAX * 4);
	if (s->all.len == 0 || *text == '\0')
		return;
	strbuf_reserve(&escaped);
	for (const char *at = strbuf_text(&s->all), *end; *at != '\0'; at = end + 1) {
		char one[SECRET_MAX];
		end = strchr(at, '\n');
		size_t n = (size_t)(end - at);
		memcpy(one, at, n);
		one[n] = '\0';
		strbuf_clear(&escaped);
		put_escaped(&escaped, one);
		blot_one(text, one, n);
		blot_one(text, strbuf_text(&escaped), escaped.len);
		explicit_bzero(one, sizeof one);
	}
	explicit_bzero(escaped.ptr, escaped.size);
	strbuf_release(&escaped);
}

void secrets_release(struct secrets *s)
{
	if (s->all.ptr != NULL)
		explicit_bzero(s->all.ptr, s->all.size);
	strbuf_release(&s->all);
}

/* Appends `text` to `out` and replaces each variable in it by its secret. */
static int expand(struct str text, bool is_query, struct strbuf *out, struct secrets *used, struct err *err)
{
	char name[100], secret[SECRET_MAX];
	const char *end = text.ptr + text.len;
	for (const char *at = text.ptr; at < end;) {
		size_t n = variable(at, name);
		if (n == 0 || at + n > end) {
			strbuf_char(out, *at++);
			continue;
		}
		if (secret_read(name, secret, used, err) < 0)
			return -1;
		if (is_query)
			put_escaped(out, secret);
		else
			strbuf_str(out, secret);
		explicit_bzero(secret, sizeof secret);
		at += n;
	}
	if (out->broken)
		return err_set(err, ERR_NOT_CONFIGURED, "%s over %zu bytes", is_query ? "the address is" : "a header is",
		               out->cap);
	return 0;
}

/* True when `base` ends in an API version: in `version`, or in a form such as "/v1", "/v1beta",
 * "/v4". */
static bool ends_in_version(struct str base, const char *version)
{
	size_t n = 0, len = version != NULL ? strlen(version) : 0;
	if (len > 0 && base.len >= len && memcmp(base.ptr + base.len - len, version, len) == 0)
		return true;
	while (n < base.len && isalnum((unsigned char)base.ptr[base.len - 1 - n]))
		n++;
	const char *last = base.ptr + base.len - n;
	return n >= 2 && n < base.len && last[-1] == '/' && last[0] == 'v' && isdigit((unsigned char)last[1]);
}

static bool is_bare_host(struct str base)
{
	const char *host = memmem(base.ptr, base.len, "://", 3);
	size_t skip = host != NULL ? (size_t)(host + 3 - base.ptr) : 0;
	return memchr(base.ptr + skip, '/', base.len - skip) == NULL;
}

static void put_query(struct strbuf *out, bool *has, struct str query)
{
	if (query.len == 0)
		return;
	strbuf_char(out, *has ? '&' : '?');
	strbuf_add(out, query.ptr, query.len);
	*has = true;
}

int address_url(const struct provider_ops *ops, const char *base_url, const char *path, const char *query, struct strbuf *out,
                struct secrets *used, struct err *err)
{
	struct str base = { base_url, strcspn(base_url, "?#") }, base_query = { base_url + base.len, 0 };
	bool has_query = strchr(path, '?') != NULL;
	if (*base_query.ptr == '?')
		base_query = (struct str){ base_query.ptr + 1, strcspn(base_query.ptr + 1, "#") };
	while (base.len > 0 && base.ptr[base.len - 1] == '/')
		base.len--;
	strbuf_add(out, base.ptr, base.len);
	bool has_version = ops->is_version_in_base ? !is_bare_host(base) : ends_in_version(base, ops->version);
	if (ops->version != NULL && !has_version)
		strbuf_str(out, ops->version);
	strbuf_str(out, path);
	put_query(out, &has_query, base_query);
	if (query == NULL || *query == '\0')
		return 0;
	strbuf_char(out, has_query ? '&' : '?');
	return expand(str_of(query), true, out, used, err);
}

int address_header(const char **lines, struct strbuf *out, struct secrets *used, struct err *err)
{
	while (*lines != NULL && **lines != '\0') {
		struct str line = { *lines, strcspn(*lines, "\n") };
		*lines += line.len + (line.ptr[line.len] == '\n');
		while (line.len > 0 && strchr(" \t\r", line.ptr[line.len - 1]) != NULL)
			line.len--;
		if (line.len == 0)
			continue;
		strbuf_clear(out);
		return expand(line, false, out, used, err) < 0 ? -1 : 1;
	}
	return 0;
}

bool address_sets(const char *lines, const char *header)
{
	size_t n = strcspn(header, ":");
	for (; lines != NULL && *lines != '\0'; lines += strcspn(lines, "\n"), lines += *lines == '\n')
		if (strncasecmp(lines, header, n) == 0 && lines[n] == ':')
			return true;
	return false;
}
