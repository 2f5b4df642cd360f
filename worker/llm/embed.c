#include "worker/llm/embed.h"

#include <math.h>

#include "worker/llm/classify.h"
#include "worker/llm/wire.h"

const struct embed_ops *embed_find(const char *protocol)
{
	const struct provider_ops *ops = provider_speaks(protocol);
	return ops != NULL ? ops->embed : NULL;
}

void embed_put_texts(const struct embed_request *r, struct strbuf *b)
{
	strbuf_str(b, ",\"input\":[");
	for (int i = 0; i < r->n_texts; i++) {
		if (i > 0)
			strbuf_char(b, ',');
		json_put_str(b, r->texts[i]);
	}
	strbuf_char(b, ']');
	if (r->dimensions > 0)
		json_put_int_field(b, "dimensions", r->dimensions);
}

/* ---- answers */

static int sextet(char c)
{
	static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(ALPHABET, c) : NULL;
	return at != NULL ? (int)(at - ALPHABET) : -1;
}

/* Decodes base64 of little-endian 32-bit floats. Returns how many, -1: invalid, or more than
 * max. */
static int unpack(struct str text, float *out, int max)
{
	uint32_t bits = 0, word = 0;
	int n_bits = 0, n_bytes = 0, n = 0;
	while (text.len > 0 && text.ptr[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		int six = sextet(text.ptr[i]);
		if (six < 0)
			return -1;
		bits = bits << 6 | (uint32_t)six;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		word |= (bits >> n_bits & 0xFF) << 8 * n_bytes;
		if (++n_bytes < 4)
			continue;
		if (n == max)
			return -1;
		memcpy(&out[n++], &word, sizeof word);
		word = 0;
		n_bytes = 0;
	}
	return n_bytes == 0 ? n : -1;
}

/* Reads one vector into out. Returns its length; -1: it is no vector, or longer than max. */
static int read_vector(const struct json *j, float *out, int max)
{
	int n = 0;
	double d;
	if (json_is_string(j))
		return unpack(json_value(j), out, max);
	for (const struct json *v = json_first(j); v != NULL; v = json_next(v)) {
		if (n == max || !json_double(v, "", &d))
			return -1;
		out[n++] = (float)d;
	}
	return n;
}

/* Scales v to length 1: vectors that were shortened (`dimensions`) have another length. False when
 * v is zero or not finite. */
static bool normalise(float *v, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += (double)v[i] * v[i];
	double length = sqrt(sum);
	if (!isfinite(length) || length < 1e-30)
		return false;
	for (int i = 0; i < n && fabs(length - 1) > 1e-6; i++)
		v[i] = (float)(v[i] / length);
	return true;
}

/* Room for one vector, in numbers, from the first vector: all must have the same length. */
static int first_length(const struct embed_ops *ops, const struct json *list)
{
	const struct json *v = json_get(json_first(list), ops->values);
	return json_is_string(v) ? (int)MIN(json_value(v).len / 16 * 3 + 3, EMBED_DIMENSIONS_MAX) : json_count(v);
}

static int read_list(const struct embed_ops *ops, const struct json *list, int room, struct arena *a, struct embedding *out,
                     struct err *err)
{
	bool *seen = arena_alloc(a, (size_t)out->n);
	float *one = arena_alloc(a, sizeof *one * (size_t)room);
	int64_t at = 0;
	for (const struct json *j = json_first(list); j != NULL; j = json_next(j), at++) {
		int64_t index = at;
		json_int(j, "index", &index);
		int n = read_vector(json_get(j, ops->values), one, room);
		if (index < 0 || index >= out->n || seen[index])
			return err_set(err, ERR_BAD_REPLY, "vector %lld of %d comes twice or was not asked for", (long long)index,
			               out->n);
		if (out->values == NULL && n > 0) {
			out->dimensions = n;
			out->values = arena_alloc(a, sizeof *one * (size_t)n * (size_t)out->n);
		}
		if (n < 1 || n != out->dimensions || !normalise(one, n))
			return err_set(err, ERR_BAD_REPLY, "vector %lld is none of %d numbers", (long long)index,
			               out->dimensions);
		memcpy(out->values + index * n, one, sizeof *one * (size_t)n);
		seen[index] = true;
	}
	return 0;
}

int embed_read(const struct embed_ops *ops, const struct embed_request *r, struct str body, struct arena *a,
               struct embedding *out, struct err *err)
{
	const char *const PAYLOAD[] = { ops->list, NULL };
	struct arena tree = ARENA_INIT;
	const struct json *j, *list;
	int result = -1, n, room;
	*out = (struct embedding){ .n = r->n_texts, .input_tokens = -1 };
	if (wire_parse(&tree, body, EMBED_BODY_MAX, &j, err) < 0)
		goto out;
	if (is_error_event(j, "", PAYLOAD) || is_error_event(json_get(j, "[0]"), "", PAYLOAD)) {
		classify_event(body, j, err);
		goto out;
	}
	list = json_get(j, ops->list);
	n = json_count(list);
	room = first_length(ops, list);
	if (n != r->n_texts) {
		err_set(err, ERR_BAD_REPLY, "%d vectors for %d texts", n, r->n_texts);
	} else if (room < 1 || room > EMBED_DIMENSIONS_MAX) {
		err_set(err, ERR_BAD_REPLY, "vectors of %d numbers", room);
	} else if (read_list(ops, list, room, a, out, err) == 0) {
		result = 0;
		if (r->dimensions > 0 && out->dimensions != r->dimensions)
			result = err_set(err, ERR_BAD_REPLY, "vectors of %d numbers, not of %d", out->dimensions, r->dimensions);
	}
	wire_keep(out->model, sizeof out->model, j, "model");
	usage_count(j, "usage.prompt_tokens", &out->input_tokens);
	usage_count(j, "prompt_eval_count", &out->input_tokens);
	usage_count(j, "usageMetadata.promptTokenCount", &out->input_tokens);
out:
	arena_release(&tree);
	return result;
}
