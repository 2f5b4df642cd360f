#include "shared/str.h"

#include <ctype.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/random.h>

bool str_eq(struct str s, const char *other)
{
	return strlen(other) == s.len && memcmp(s.ptr, other, s.len) == 0;
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.len >= n && memcmp(s.ptr, prefix, n) == 0;
}

bool str_has_nocase(struct str s, const char *needle)
{
	size_t n = strlen(needle);
	for (size_t i = 0; i + n <= s.len; i++)
		if (strncasecmp(s.ptr + i, needle, n) == 0)
			return true;
	return false;
}

void uuid_new(char out[static 40])
{
	uint8_t b[16];
	if (getrandom(b, sizeof b, 0) != sizeof b)
		BUG("no random bytes");
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (int i = 0, at = 0; i < 16; i++)
		at += snprintf(out + at, (size_t)(40 - at), "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

bool str_is_uuid(const char *s)
{
	static const char FORM[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	for (size_t i = 0; i < sizeof FORM; i++)
		if (FORM[i] == 'x' ? !isxdigit((unsigned char)s[i]) : s[i] != FORM[i])
			return false;
	return true;
}

static bool strbuf_make_room(struct strbuf *b, size_t more)
{
	if (b->broken || more > b->cap || b->len > b->cap - more) {
		b->broken = true;
		return false;
	}
	size_t need = b->len + more + 1;
	if (need <= b->size)
		return true;
	size_t size = MAX(need, b->size * 2);
	size = MAX(MIN(size, b->cap + 1), 64);
	char *p = realloc(b->ptr, size);
	if (p == NULL)
		abort();
	b->ptr = p;
	b->size = size;
	return true;
}

void strbuf_reserve(struct strbuf *b)
{
	if (strbuf_make_room(b, b->cap - b->len))
		b->ptr[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *s, size_t n)
{
	if (!strbuf_make_room(b, n))
		return;
	memcpy(b->ptr + b->len, s, n);
	b->len += n;
	b->ptr[b->len] = '\0';
}

void strbuf_str(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_char(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !strbuf_make_room(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void strbuf_int(struct strbuf *b, int64_t value)
{
	char digits[24], *at = digits + sizeof digits;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--at = '-';
	strbuf_add(b, at, (size_t)(digits + sizeof digits - at));
}

void strbuf_clear(struct strbuf *b)
{
	b->len = 0;
	b->broken = false;
	if (b->ptr != NULL)
		b->ptr[0] = '\0';
}

void strbuf_release(struct strbuf *b)
{
	free(b->ptr);
	*b = (struct strbuf){ .cap = b->cap };
}
