/* A number as people write it, as Python writes it. */
#include "worker/calculate/number.h"

#define DIGITS_MAX 40

static bool is_grouped(struct str s, char separator)
{
	/* One to three digits, the first of them not 0, then groups of three. */
	size_t lead = 0, i;
	while (lead < s.len && s.ptr[lead] != separator)
		lead++;
	if (lead < 1 || lead > 3 || s.ptr[0] == '0')
		return false;
	for (i = lead; i < s.len; i += 4)
		if (s.len - i < 4 || s.ptr[i] != separator || memchr(s.ptr + i + 1, separator, 3) != NULL)
			return false;
	return i == s.len && lead < s.len;
}

static int count_of(struct str s, char c)
{
	int n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

static struct str part_before(struct str s, char c)
{
	const char *at = memchr(s.ptr, c, s.len);
	return at != NULL ? (struct str){ s.ptr, (size_t)(at - s.ptr) } : s;
}

enum language_of number_language(struct str s)
{
	int commas = count_of(s, ','), dots = count_of(s, '.');
	if (commas == 1 && dots == 0 && !is_grouped(s, ','))
		return FR;
	if (count_of(s, '_') > 0)
		return FR;
	return commas > 0 && (is_grouped(part_before(s, '.'), ',')) ? EN : NO_LANGUAGE;
}

/* One comma or dot and three digits behind it, which may be thousands or a fraction. */
static bool is_unclear(struct str s, char point)
{
	return count_of(s, point) == 1 && s.len >= 5 && s.ptr[0] != '0' && is_grouped(s, point);
}

const char *number_read(struct arena *a, struct str s, enum language_of language)
{
	int commas = count_of(s, ','), dots = count_of(s, '.');
	char point = '.', group = commas > 0 ? ',' : '_';
	if (language == FR && commas > 0) {
		point = ',';
		group = dots > 0 ? '.' : '_';
	}
	struct str whole = part_before(s, point);
	if (is_unclear(s, language == FR && commas > 0 ? ',' : '.') &&
	    (language == FR || (language == NO_LANGUAGE && commas == 0)))
		return NULL;
	if (count_of(s, point) > 1 || s.len > DIGITS_MAX)
		return NULL; /* a date, a version, an address */
	if (count_of(whole, group) > 0 && !is_grouped(whole, group))
		return NULL;
	if (whole.len > 1 && whole.ptr[0] == '0')
		return NULL; /* part of a telephone number, or of a date */
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == point)
			out[n++] = '.';
		else if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
			out[n++] = s.ptr[i];
		else if (s.ptr[i] != group || i > whole.len)
			return NULL;
	return out;
}
