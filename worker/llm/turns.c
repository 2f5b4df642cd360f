#include "worker/llm/turns.h"

#include "worker/llm/text.h"
#include "worker/llm/wire.h"

static bool is_role(const struct turn *t, const char *role)
{
	return strcmp(t->role, role) == 0;
}

/* Number of tool calls in the turn's native form; 1 when they cannot be counted because this worker
 * does not have the protocol. */
static int own_calls(const struct turn *t, turns_speaks speaks)
{
	struct arena a = ARENA_INIT;
	const struct json *j;
	struct err ignored;
	const struct provider_ops *ops = t->own_protocol != NULL ? speaks(t->own_protocol) : NULL;
	int n = 0;
	if (t->own_protocol == NULL || t->native.len == 0)
		return 0;
	if (ops == NULL || ops->is_call == NULL || json_parse(&a, t->native, WIRE_NATIVE_MAX, &j, &ignored) < 0) {
		arena_release(&a);
		return 1;
	}
	for (const struct json *part = json_first(j); part != NULL; part = json_next(part))
		n += ops->is_call(part);
	arena_release(&a);
	return n;
}

/* Number of results of tools that follow turn i directly. */
static int results_after(const struct turn *turns, int n, int i)
{
	int k = 0;
	while (i + 1 + k < n && is_role(&turns[i + 1 + k], "tool"))
		k++;
	return k;
}

static bool has_result(const struct turn *results, int n, const char *id)
{
	for (int i = 0; i < n; i++)
		if (results[i].call_id != NULL && id != NULL && strcmp(results[i].call_id, id) == 0)
			return true;
	return false;
}

/* True when the n_results turns after t answer every tool call of t. */
static bool is_answered(const struct turn *t, int n_results, int n_native)
{
	for (int i = 0; i < t->n_calls; i++)
		if (!has_result(t + 1, n_results, t->calls[i].id))
			return false;
	return n_results >= MAX(n_native, t->n_calls);
}

/* The turn without its tool calls; its native form is dropped too when it contains calls. */
static struct turn without_calls(struct turn t, int n_native)
{
	t.calls = NULL;
	t.n_calls = 0;
	if (n_native > 0) {
		t.own_protocol = NULL;
		t.native = STR("");
	}
	return t;
}

static struct str joined(struct arena *a, struct str one, struct str two)
{
	char *text = arena_alloc(a, one.len + two.len + 3);
	memcpy(text, one.ptr, one.len);
	memcpy(text + one.len, "\n\n", 2);
	memcpy(text + one.len + 2, two.ptr, two.len);
	text[one.len + two.len + 2] = '\0';
	return (struct str){ text, one.len + two.len + 2 };
}

/* Appends t to the n turns of out, or joins it to the last one when both have the same role and no
 * calls. A first turn that is not the user's is dropped. Returns the new number of turns. */
static int append(struct arena *a, struct turn *out, int n, const struct turn *t)
{
	struct turn *last = n > 0 ? &out[n - 1] : NULL;
	if (n == 0 && !is_role(t, "user"))
		return 0;
	if (last == NULL || is_role(t, "tool") || strcmp(last->role, t->role) != 0 || t->n_calls > 0 || last->n_calls > 0) {
		out[n] = *t;
		return n + 1;
	}
	last->content = joined(a, last->content, t->content);
	last->own_protocol = NULL;
	last->native = STR("");
	return n;
}

int turns_clean(struct arena *a, const struct turn *turns, int n, turns_speaks speaks, struct turn *out)
{
	int n_out = 0;
	for (int i = 0; i < n; i++) {
		const struct turn *t = &turns[i];
		int n_native = own_calls(t, speaks), n_results = results_after(turns, n, i);
		if (is_role(t, "tool")) /* the result of a call that is missing */
			continue;
		if ((t->n_calls > 0 || n_native > 0) && n_out > 0 && is_answered(t, n_results, n_native)) {
			for (int k = 0; k <= n_results; k++)
				n_out = append(a, out, n_out, &turns[i + k]);
			i += n_results;
			continue;
		}
		struct turn plain = without_calls(*t, n_native);
		if (!text_is_blank(plain.content))
			n_out = append(a, out, n_out, &plain);
	}
	/* The question must be the last turn. */
	while (n_out > 0 && is_role(&out[n_out - 1], "assistant"))
		n_out--;
	return n_out;
}

size_t turns_bytes(const struct turn *turns, int n)
{
	size_t bytes = 0;
	for (int i = 0; i < n; i++) {
		bytes += turns[i].content.len;
		for (int k = 0; k < turns[i].n_calls; k++)
			bytes += turns[i].calls[k].arguments.len;
	}
	return bytes;
}

int turns_first(const struct turn *turns, int n, size_t bytes)
{
	int first = n;
	size_t taken = 0;
	for (int i = n - 1; i >= 0; i--) {
		taken += turns_bytes(&turns[i], 1);
		if (!is_role(&turns[i], "user"))
			continue;
		if (first < n && taken > bytes)
			break;
		first = i;
	}
	return first < n ? first : 0;
}
