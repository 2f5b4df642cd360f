/* A job on its way through a pipeline: forward, back by name, parked and woken, to the last stage when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/job.h"
#include "worker/services.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* What the stages did, and when the job had ended. Each test fills it anew; only one stage thread writes. */
static struct {
	struct strbuf path;
	int again, parked;
	char failure[200];
	atomic_bool come;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_parked, is_ended;
} T;

static void tell(bool *what)
{
	pthread_mutex_lock(&T.lock);
	*what = true;
	pthread_cond_signal(&T.changed);
	pthread_mutex_unlock(&T.lock);
}

static void await(const bool *what)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&T.lock);
	while (!*what)
		assert_int_equal(pthread_cond_timedwait(&T.changed, &T.lock, &until), 0);
	pthread_mutex_unlock(&T.lock);
}

static void on_room(void *ctx __attribute__((unused)), bool has_ended __attribute__((unused)))
{
	tell(&T.is_ended);
}

static enum step first(struct job *job __attribute__((unused)), struct err *err __attribute__((unused)))
{
	strbuf_str(&T.path, "first ");
	return STEP_NEXT;
}

static enum step twice(struct job *job, struct err *err __attribute__((unused)))
{
	strbuf_str(&T.path, "twice ");
	return T.again++ < 2 ? step_back(job, "first") : STEP_NEXT;
}

static enum step forward(struct job *job, struct err *err __attribute__((unused)))
{
	strbuf_str(&T.path, "forward ");
	return step_back(job, "last"); /* which lies ahead */
}

static enum step waits(struct job *job __attribute__((unused)), struct err *err __attribute__((unused)))
{
	strbuf_str(&T.path, "waits ");
	if (atomic_load(&T.come))
		return STEP_NEXT;
	tell(&T.is_parked);
	return STEP_PARK;
}

static enum step fails(struct job *job __attribute__((unused)), struct err *err)
{
	strbuf_str(&T.path, "fails ");
	err_set(err, ERR_SYSTEM, "it broke");
	return STEP_FAIL;
}

static enum step last(struct job *job, struct err *err __attribute__((unused)))
{
	strbuf_str(&T.path, "last");
	snprintf(T.failure, sizeof T.failure, "%s", job->err.msg);
	return STEP_END;
}

/* The path of one job; where it parks, it is woken once. */
static const char *path(const struct pipeline *pipeline)
{
	memset(&T, 0, sizeof T);
	T.path = (struct strbuf)STRBUF_INIT(1000);
	pthread_mutex_init(&T.lock, NULL);
	pthread_cond_init(&T.changed, NULL);
	struct services services = { .jobs = jobs_start(1, on_room, NULL) };
	struct job *job = job_new(&services, pipeline);
	jobs_add_take(services.jobs, job);
	for (const struct stage *s = pipeline->stages; s->name != NULL; s++)
		if (s->run == waits) {
			await(&T.is_parked);
			assert_int_equal(jobs_count(services.jobs), 1);
			job_wake(job, &T.come);
		}
	await(&T.is_ended);
	assert_int_equal(jobs_count(services.jobs), 0);
	jobs_stop(services.jobs);
	return strbuf_text(&T.path);
}

TEST(goes_through_every_stage)
{
	static const struct pipeline P = { .stages = { { "first", first }, { "last", last } } };
	assert_string_equal(path(&P), "first last");
	assert_string_equal(T.failure, "");
	strbuf_release(&T.path);
}

TEST(goes_back_by_name)
{
	static const struct pipeline P = { .stages = { { "first", first }, { "twice", twice }, { "last", last } } };
	assert_string_equal(path(&P), "first twice first twice first twice last");
	strbuf_release(&T.path);
}

TEST(never_goes_back_to_a_stage_that_lies_ahead)
{
	static const struct pipeline P = { .stages = { { "first", first }, { "forward", forward }, { "last", last } } };
	assert_string_equal(path(&P), "first forward last");
	assert_string_equal(T.failure, "forward: no stage last to go back to");
	strbuf_release(&T.path);
}

TEST(waits_until_it_is_woken)
{
	static const struct pipeline P = { .stages = { { "waits", waits }, { "last", last } } };
	assert_string_equal(path(&P), "waits waits last");
	strbuf_release(&T.path);
}

TEST(a_failure_goes_to_the_last_stage)
{
	static const struct pipeline P = { .stages = { { "fails", fails }, { "first", first }, { "last", last } } };
	assert_string_equal(path(&P), "fails last");
	assert_string_equal(T.failure, "fails: it broke");
	strbuf_release(&T.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_through_every_stage),
		cmocka_unit_test(goes_back_by_name),
		cmocka_unit_test(never_goes_back_to_a_stage_that_lies_ahead),
		cmocka_unit_test(waits_until_it_is_woken),
		cmocka_unit_test(a_failure_goes_to_the_last_stage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
