/*
 * What an operator, or a script, writes after / and --filter. What is taken is JSON that signalbox.filter_where() understands: known fields,
 * an operator that fits, values that are not empty, numbers written as digits. What is refused says why. A filter chooses what is retried
 * and cancelled by the hundred.
 */
#include "shared/arena.h"
#include "shared/json.h"
#include "shared/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tui/filter.h"

static bool is_number(struct str s)
{
	size_t digits = 0, points = 0;
	for (size_t i = 0; i < s.len; i++) {
		digits += s.ptr[i] >= '0' && s.ptr[i] <= '9';
		points += s.ptr[i] == '.';
	}
	return digits > 0 && points <= 1 && digits + points == s.len && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.';
}

static void check_term(const struct json *term)
{
	static const char FIELDS[] = " agent state cause prov model worker session id text age att ";
	struct str field, op;
	char name[32];
	int n = 0;
	if (!json_str(term, "field", &field) || !json_str(term, "op", &op))
		BROKEN("a term without field or op");
	snprintf(name, sizeof name, " %s ", field.ptr);
	if (strstr(FIELDS, name) == NULL)
		BROKEN("field '%s'", field.ptr);
	bool takes_number = str_eq(field, "age") || str_eq(field, "att");
	if (takes_number ? !str_eq(op, "<") && !str_eq(op, ">") : !str_eq(op, "="))
		BROKEN("%s with '%s'", field.ptr, op.ptr);
	for (const struct json *v = json_first(json_get(term, "values")); v != NULL; v = json_next(v), n++) {
		struct str value = json_value(v);
		if (value.len == 0)
			BROKEN("an empty value of %s", field.ptr);
		if (takes_number && !is_number(value))
			BROKEN("%s %s '%s'", field.ptr, op.ptr, value.ptr);
	}
	if (n == 0)
		BROKEN("%s without a value", field.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf out = STRBUF_INIT(65536), text = STRBUF_INIT(size + 1);
	struct arena arena = ARENA_INIT;
	struct err err = { .code = ERR_OK };
	const struct json *terms;
	strbuf_add(&text, (const char *)data, size);
	if (filter_to_json(strbuf_text(&text), &out, &err) < 0) {
		if (err.code == ERR_OK || err.msg[0] == '\0')
			BROKEN("refused without a reason");
	} else {
		if (!utf8_valid((struct str){ out.ptr, out.len }))
			BROKEN("not UTF-8");
		for (size_t i = 0; i < out.len; i++)
			if ((unsigned char)out.ptr[i] < 0x20)
				BROKEN("byte %02x in JSON", (unsigned char)out.ptr[i]);
		if (json_parse(&arena, (struct str){ out.ptr, out.len }, 65536, &terms, &err) < 0)
			BROKEN("no JSON: %s", err.msg);
		for (const struct json *t = json_first(terms); t != NULL; t = json_next(t))
			check_term(t);
	}
	arena_release(&arena);
	strbuf_release(&text);
	strbuf_release(&out);
	return 0;
}
