#include "tui/prompt.h"

#include "shared/utf8.h"
#include "tui/keys.h"

void field_clear(struct field *f)
{
	f->len = f->at = 0;
	f->text[0] = '\0';
}

void field_set(struct field *f, const char *text)
{
	snprintf(f->text, sizeof f->text, "%s", text);
	size_t n = strlen(f->text);
	n -= utf8_unfinished((struct str){ f->text, n }); /* drop a character that was cut */
	f->text[n] = '\0';
	f->len = f->at = (int)n;
}

static int utf8_put(char out[4], int c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

void field_insert(struct field *f, int c)
{
	char bytes[4];
	int n = utf8_put(bytes, c);
	if (f->len + n >= FIELD_MAX)
		return;
	memmove(f->text + f->at + n, f->text + f->at, (size_t)(f->len - f->at + 1));
	memcpy(f->text + f->at, bytes, (size_t)n);
	f->len += n;
	f->at += n;
}

static bool is_tail(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

static int before(const struct field *f, int at)
{
	do
		at--;
	while (at > 0 && is_tail(f->text[at]));
	return MAX(at, 0);
}

static int after(const struct field *f, int at)
{
	do
		at++;
	while (at < f->len && is_tail(f->text[at]));
	return MIN(at, f->len);
}

static void prompt_cut(struct field *f, int from, int to)
{
	memmove(f->text + from, f->text + to, (size_t)(f->len - to + 1));
	f->len -= to - from;
	f->at = from;
}

bool field_key(struct field *f, int key)
{
	int word = f->at;
	switch (key) {
	case K_LEFT:
		f->at = before(f, f->at);
		return true;
	case K_RIGHT:
		f->at = after(f, f->at);
		return true;
	case K_HOME:
	case K_CTRL_A:
		f->at = 0;
		return true;
	case K_END:
	case K_CTRL_E:
		f->at = f->len;
		return true;
	case K_BACKSPACE:
		if (f->at > 0)
			prompt_cut(f, before(f, f->at), f->at);
		return true;
	case K_DELETE:
		if (f->at < f->len)
			prompt_cut(f, f->at, after(f, f->at));
		return true;
	case K_CTRL_U:
		prompt_cut(f, 0, f->at);
		return true;
	case K_CTRL_W:
		while (word > 0 && f->text[word - 1] == ' ')
			word--;
		while (word > 0 && f->text[word - 1] != ' ')
			word--;
		prompt_cut(f, word, f->at);
		return true;
	default:
		if (key < 0x20 || key >= K_NONE || key == 0x7F)
			return false;
		field_insert(f, key);
		return true;
	}
}

bool field_complete(struct field *f, const char *const *words, int n)
{
	for (int i = 0; i < n; i++)
		if (f->len > 0 && strncmp(words[i], f->text, (size_t)f->len) == 0 && strcmp(words[i], f->text) != 0) {
			field_set(f, words[i]);
			return true;
		}
	return false;
}
