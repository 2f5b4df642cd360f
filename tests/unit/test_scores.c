/* Why: how sure we are of what a question is about decides what is done with it; and the answer it is read from is a stranger's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "worker/llm/scores.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static const char *const LABELS[] = { "delivery", "returns", "été" };

static int read_scores(const char *answer, double *out)
{
	struct err err;
	int result = scores_read(str_of(answer), LABELS, 3, out, &err);
	if (result < 0)
		assert_int_equal(err.code, ERR_BAD_REPLY);
	return result;
}

TEST(scores_are_read)
{
	double s[3];
	assert_int_equal(read_scores("{\"scores\": {\"returns\": 10, \"delivery\": 90.5, \"été\": 0}}", s), 0);
	assert_true(s[0] == 90.5 && s[1] == 10 && s[2] == 0);
	assert_int_equal(read_scores("Sure! ```json\n{\"scores\": {\"été\": 100}}\n``` Anything else?", s), 0);
	assert_true(s[0] == 0 && s[1] == 0 && s[2] == 100);
	assert_int_equal(read_scores("{\"scores\": {}}", s), 0);
}

TEST(strange_answers)
{
	static const char *const ANSWERS[] = {
		"",
		"delivery",
		"{}",
		"[]",
		"null",
		"{\"scores\": [90, 10, 0]}",
		"{\"scores\": {\"refund\": 1}}",
		"{\"scores\": {\"delivery\": \"90\"}}",
		"{\"scores\": {\"delivery\": null}}",
		"{\"scores\": {\"delivery\": true}}",
		"{\"scores\": {\"delivery\": 101}}",
		"{\"scores\": {\"delivery\": -0.1}}",
		"{\"scores\": {\"delivery\": 1e999}}",
		"{\"scores\": {\"delivery\": NaN}}",
		"{\"scores\": {\"delivery\": 1, \"delivery\": 2}}",
		"{\"scores\": {\"delivery\": 1}",
		"}{",
		"{{{{{{{{{{{{{{{{",
	};
	double s[3];
	for (size_t i = 0; i < ARRAY_SIZE(ANSWERS); i++)
		if (read_scores(ANSWERS[i], s) == 0)
			fail_msg("taken: %s", ANSWERS[i]);
}

static void verdict_is(struct verdict v, int best, double confidence)
{
	assert_int_equal(v.best, best);
	assert_true(fabs(v.confidence - confidence) < 0.005);
}

TEST(margins)
{
	verdict_is(scores_judge((double[]){ 90, 10, 0 }, 3), 0, 0.8);
	verdict_is(scores_judge((double[]){ 50, 100, 50 }, 3), 1, 0.25);
	verdict_is(scores_judge((double[]){ 5, 0, 0 }, 3), 0, 0.05); /* far ahead, of next to nothing */
	verdict_is(scores_judge((double[]){ 70, 70, 0 }, 3), -1, 0);
	verdict_is(scores_judge((double[]){ 0, 0, 0 }, 3), -1, 0);
	verdict_is(scores_judge((double[]){ 100, 100, 100 }, 3), -1, 0);
	verdict_is(scores_judge((double[]){ 100, 0, 0 }, 3), 0, 1);
}

TEST(nearness)
{
	const float values[] = { 1, 0, 0.8f, 0.6f, 0, 1 };
	const int label[] = { 0, 0, 1 };
	struct similarity kin = { .n_labels = 2, .n_vectors = 3, .dimensions = 2, .label = label, .values = values };
	double near[2];
	similarity_of(&kin, (const float[]){ 1, 0 }, near);
	assert_true(near[0] > 0.9 && near[0] < 1); /* nearer to its nearest than to their mean */
	assert_true(fabs(near[1]) < 1e-6);
	verdict_is(kin_judge(near, 2), 0, 1);
	similarity_of(&kin, (const float[]){ 0, 1 }, near);
	verdict_is(kin_judge(near, 2), 1, 1);
	verdict_is(kin_judge((double[]){ 0.5, 0.5 }, 2), -1, 0);
	verdict_is(kin_judge((double[]){ 0.5, 0.5 - 1 / 48.0 }, 2), 0, (1 - exp(-1)) / (1 + exp(-1)));
	verdict_is(kin_judge((double[]){ NAN, NAN }, 2), -1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(scores_are_read), cmocka_unit_test(strange_answers),
		                            cmocka_unit_test(margins), cmocka_unit_test(nearness) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
