#include "worker/llm/scores.h"

#include <math.h>

#include "shared/json.h"

#define ANSWER_MAX (64u << 10)
#define SCALE 100.0
/* Both were tuned with tests/intent/tuning.jsonl (docs/decisions/013-intent.md). */
#define SHARPNESS 12.0
#define TEMPERATURE (1 / 48.0)

static int scores_find(const char *const *labels, int n, const char *label)
{
	for (int i = 0; i < n; i++)
		if (strcmp(labels[i], label) == 0)
			return i;
	return -1;
}

/* The text from the first brace to the last: small models put words and code fences around the
 * JSON. */
static struct str strip(struct str s)
{
	const char *from = memchr(s.ptr, '{', s.len), *to = memrchr(s.ptr, '}', s.len);
	return from != NULL && to > from ? (struct str){ from, (size_t)(to - from) + 1 } : s;
}

int scores_read(struct str answer, const char *const *labels, int n, double *out, struct err *err)
{
	struct arena a = ARENA_INIT;
	const struct json *j, *list;
	struct err why;
	bool seen[SCORES_MAX] = { false };
	int result = -1;
	for (int i = 0; i < n; i++)
		out[i] = 0;
	if (json_parse(&a, strip(answer), ANSWER_MAX, &j, &why) < 0) {
		err_set(err, ERR_BAD_REPLY, "scores: %.120s", why.msg);
		goto out;
	}
	list = json_get(j, "scores");
	if (!json_is_object(list)) {
		err_set(err, ERR_BAD_REPLY, "the answer has no scores");
		goto out;
	}
	for (const struct json *s = json_first(list); s != NULL; s = json_next(s)) {
		int at = scores_find(labels, n, json_key(s));
		double score;
		if (at < 0 || seen[at]) {
			err_set(err, ERR_BAD_REPLY, "it scores a label that %s",
			        at < 0 ? "is none of the agent's" : "it scored before");
			goto out;
		}
		if (!json_double(s, "", &score) || !isfinite(score) || score < 0 || score > SCALE) {
			err_set(err, ERR_BAD_REPLY, "the score of label %d is no number from 0 to 100", at + 1);
			goto out;
		}
		out[at] = score;
		seen[at] = true;
	}
	result = 0;
out:
	arena_release(&a);
	return result;
}

/* Finds the best and the second best value; returns the index of the best. */
static int two_best(const double *s, int n, double *first, double *second)
{
	int best = -1;
	*first = *second = -INFINITY;
	for (int i = 0; i < n; i++) {
		if (s[i] > *first) {
			*second = *first;
			*first = s[i];
			best = i;
		} else if (s[i] > *second) {
			*second = s[i];
		}
	}
	return best;
}

struct verdict scores_judge(const double *scores, int n)
{
	double sum = 0, first, second;
	int best = two_best(scores, n, &first, &second);
	for (int i = 0; i < n; i++)
		sum += scores[i];
	if (n < 2 || sum <= 0)
		return (struct verdict){ -1, 0 };
	return (struct verdict){ first > second ? best : -1, (first - second) / MAX(sum, SCALE) };
}

static double dot(const float *a, const float *b, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += (double)a[i] * b[i];
	return sum;
}

void similarity_of(const struct similarity *k, const float *text, double *out)
{
	size_t d = (size_t)k->dimensions;
	int n[SCORES_MAX] = { 0 };
	for (int l = 0; l < k->n_labels; l++)
		out[l] = 0;
	for (int v = 0; v < k->n_vectors; v++) {
		out[k->label[v]] += exp(SHARPNESS * dot(text, k->values + (size_t)v * d, k->dimensions));
		n[k->label[v]]++;
	}
	for (int l = 0; l < k->n_labels; l++)
		out[l] = n[l] > 0 ? log(out[l] / n[l]) / SHARPNESS : -1;
}

struct verdict kin_judge(const double *near, int n)
{
	double sum = 0, first, second;
	int best = two_best(near, n, &first, &second);
	if (n < 2 || !isfinite(first) || !isfinite(second))
		return (struct verdict){ -1, 0 };
	for (int i = 0; i < n; i++)
		sum += exp((near[i] - first) / TEMPERATURE);
	return (struct verdict){ first > second ? best : -1, (1 - exp((second - first) / TEMPERATURE)) / sum };
}
