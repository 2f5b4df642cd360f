/*
 * The stage threads, which run jobs through their pipelines.
 *
 * Stage threads take runnable jobs from one queue and call the stage that the job is at. Invariant:
 * a job is in exactly one of three states: on the run queue, run by one stage thread (is_running),
 * or parked. A wake-up that comes while the stage is still running is remembered (is_woken), so
 * that no wake-up is lost between STEP_PARK and the parking.
 */
#include "worker/job.h"

#include "shared/thread.h"
#include "worker/services.h"

#define ENOUGH 4 /* runnable jobs per awake thread; with more, another thread is woken */

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t runnable;
	struct list all, run;
	int count, n_messages, n_places, n_away; /* all; attempts at messages; those that hold a place; that are away */
	int n_runnable, n_awake;
	bool ending;
	int n_threads;
	pthread_t threads[16];
	void (*on_room)(void *, bool);
	void *on_room_ctx;
};

struct job *job_new(const struct services *services, const struct pipeline *pipeline)
{
	struct job *job = xcalloc(1, sizeof *job);
	job->pipeline = pipeline;
	list_init(&job->all);
	list_init(&job->run);
	job->services = services;
	job->claimed = clock_mono();
	pthread_mutex_init(&job->live.lock, NULL);
	job->live.text.cap = 4u << 20;
	job->record.json.cap = 16u << 20;
	return job;
}

static void job_free(struct job *job)
{
	arena_release(&job->arena);
	strbuf_release(&job->live.text);
	strbuf_release(&job->record.json);
	pthread_mutex_destroy(&job->live.lock);
	free(job);
}

void job_drop(struct job *job)
{
	job_free(job);
}

/* Puts a job on the run queue. True if one more thread must be woken, because all awake threads
 * have enough jobs: a stage is short, and waking a thread costs as much as many stages. The caller
 * signals after it has released the lock, or the woken thread would have to wait for it. With the
 * lock. */
static bool job_push(struct jobs *jobs, struct job *job)
{
	list_push(&jobs->run, &job->run);
	return ++jobs->n_runnable > jobs->n_awake * ENOUGH;
}

enum step step_back(struct job *job, const char *stage)
{
	for (unsigned i = 0; i < job->at; i++)
		if (strcmp(job->pipeline->stages[i].name, stage) == 0) {
			job->at = i;
			return STEP_BACK;
		}
	err_set(&job->err, ERR_SYSTEM, "no stage %.20s to go back to", stage);
	return STEP_FAIL;
}

static unsigned last_stage(const struct pipeline *p)
{
	unsigned i = 0;
	while (p->stages[i + 1].name != NULL)
		i++;
	return i;
}

/* Runs stages until the job is parked or ends. True if it has ended. */
static bool advance(struct job *job)
{
	const struct stage *stages = job->pipeline->stages;
	for (;;) {
		switch (stages[job->at].run(job, &job->err)) {
		case STEP_NEXT:
			job->at++;
			break;
		case STEP_BACK:
			break;
		case STEP_DONE:
			job->at = last_stage(job->pipeline);
			break;
		case STEP_PARK:
			return false;
		case STEP_FAIL:
			err_wrap(&job->err, "%s", stages[job->at].name);
			job->at = last_stage(job->pipeline);
			break;
		case STEP_END:
			return true;
		}
	}
}

static void *stage_main(void *arg)
{
	struct jobs *jobs = arg;
	pthread_mutex_lock(&jobs->lock);
	jobs->n_awake++;
	for (;;) {
		jobs->n_awake--;
		while (list_is_empty(&jobs->run) && !jobs->ending)
			pthread_cond_wait(&jobs->runnable, &jobs->lock);
		jobs->n_awake++;
		if (list_is_empty(&jobs->run))
			break;
		struct job *job = list_entry(jobs->run.next, struct job, run);
		list_remove(&job->run);
		jobs->n_runnable--;
		job->is_running = true;
		job->is_woken = false;
		pthread_mutex_unlock(&jobs->lock);

		bool ended = advance(job);

		pthread_mutex_lock(&jobs->lock);
		job->is_running = false;
		if (ended) {
			list_remove(&job->all);
			jobs->count--;
			jobs->n_messages -= job->pipeline->is_message;
			jobs->n_places -= job->has_place;
			jobs->n_away -= job->is_away;
			pthread_mutex_unlock(&jobs->lock);
			job_free(job);
			jobs->on_room(jobs->on_room_ctx, true);
			pthread_mutex_lock(&jobs->lock);
		} else if (job->is_woken) {
			job_push(jobs, job); /* no signal: this thread takes the next job */
		}
	}
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

struct jobs *jobs_start(int n_threads, void (*on_room)(void *, bool), void *ctx)
{
	struct jobs *jobs = xcalloc(1, sizeof *jobs);
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->runnable, NULL);
	list_init(&jobs->all);
	list_init(&jobs->run);
	jobs->on_room = on_room;
	jobs->on_room_ctx = ctx;
	for (int i = 0; i < MIN(n_threads, (int)ARRAY_SIZE(jobs->threads)); i++)
		thread_start(&jobs->threads[jobs->n_threads++], 256 * 1024, stage_main, jobs, "stages");
	return jobs;
}

void jobs_stop(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	jobs->ending = true;
	pthread_cond_broadcast(&jobs->runnable);
	pthread_mutex_unlock(&jobs->lock);
	for (int i = 0; i < jobs->n_threads; i++)
		pthread_join(jobs->threads[i], NULL);
	/* Jobs that the writer could not settle: their messages go back when the lease expires. */
	while (!list_is_empty(&jobs->all)) {
		struct job *job = list_entry(jobs->all.next, struct job, all);
		list_remove(&job->all);
		list_remove(&job->run);
		job_free(job);
	}
	pthread_mutex_destroy(&jobs->lock);
	pthread_cond_destroy(&jobs->runnable);
	free(jobs);
}

static void job_add(struct jobs *jobs, struct job *job, bool is_parked)
{
	pthread_mutex_lock(&jobs->lock);
	list_push(&jobs->all, &job->all);
	jobs->count++;
	job->has_place = job->pipeline->is_message;
	jobs->n_messages += job->has_place;
	jobs->n_places += job->has_place;
	bool wake = !is_parked && job_push(jobs, job);
	pthread_mutex_unlock(&jobs->lock);
	if (wake)
		pthread_cond_signal(&jobs->runnable);
}

void jobs_add_take(struct jobs *jobs, struct job *job)
{
	job_add(jobs, job, false);
}

void jobs_add_parked_take(struct jobs *jobs, struct job *job)
{
	job_add(jobs, job, true);
}

int jobs_count(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	int n = jobs->count;
	pthread_mutex_unlock(&jobs->lock);
	return n;
}

int jobs_messages(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	int n = jobs->n_messages - jobs->n_away;
	pthread_mutex_unlock(&jobs->lock);
	return n;
}

int jobs_in_flight(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	int n = jobs->n_places;
	pthread_mutex_unlock(&jobs->lock);
	return n;
}

/* With the lock. */
static void set_place(struct jobs *jobs, struct job *job, bool has_place, bool is_away)
{
	jobs->n_places += has_place - job->has_place;
	jobs->n_away += is_away - job->is_away;
	job->has_place = has_place;
	job->is_away = is_away;
}

void job_leave_place(struct job *job)
{
	struct jobs *jobs = job->services->jobs;
	pthread_mutex_lock(&jobs->lock);
	set_place(jobs, job, false, false);
	pthread_mutex_unlock(&jobs->lock);
	jobs->on_room(jobs->on_room_ctx, false);
}

void job_go_away(struct job *job)
{
	struct jobs *jobs = job->services->jobs;
	pthread_mutex_lock(&jobs->lock);
	bool goes = jobs->n_away < JOBS_AWAY_MAX;
	if (goes)
		set_place(jobs, job, false, true);
	pthread_mutex_unlock(&jobs->lock);
	if (goes)
		jobs->on_room(jobs->on_room_ctx, false);
}

void job_enter_place(struct job *job)
{
	struct jobs *jobs = job->services->jobs;
	pthread_mutex_lock(&jobs->lock);
	set_place(jobs, job, true, false);
	pthread_mutex_unlock(&jobs->lock);
}

void jobs_each(struct jobs *jobs, void (*fn)(struct job *, void *), void *ctx)
{
	pthread_mutex_lock(&jobs->lock);
	for (struct list *l = jobs->all.next; l != &jobs->all; l = l->next)
		fn(list_entry(l, struct job, all), ctx);
	pthread_mutex_unlock(&jobs->lock);
}

static bool wake_locked(struct jobs *jobs, struct job *job)
{
	if (job->is_running)
		job->is_woken = true;
	else if (list_is_empty(&job->run))
		return job_push(jobs, job);
	return false;
}

void job_wake(struct job *job, atomic_bool *come)
{
	struct jobs *jobs = job->services->jobs;
	pthread_mutex_lock(&jobs->lock);
	/* Set under the lock, which the end of a job needs too: a stage that is running may see the
	 * flag and end the job. */
	if (come != NULL)
		atomic_store(come, true);
	bool wake = wake_locked(jobs, job);
	pthread_mutex_unlock(&jobs->lock);
	if (wake)
		pthread_cond_signal(&jobs->runnable);
}

void jobs_stop_job(struct jobs *jobs, const char *job_id, enum err_code code)
{
	bool wake = false;
	pthread_mutex_lock(&jobs->lock);
	for (struct list *l = jobs->all.next; l != &jobs->all; l = l->next) {
		struct job *job = list_entry(l, struct job, all);
		if (job_id != NULL && strcmp(job->job_id, job_id) != 0)
			continue;
		/* The first code stays. Only ERR_SHUTDOWN is replaced: a job that this worker no
		 * longer owns must not be given back. */
		int none = ERR_OK, shutdown = ERR_SHUTDOWN;
		if (atomic_compare_exchange_strong(&job->stop, &none, code) ||
		    (code != ERR_SHUTDOWN && atomic_compare_exchange_strong(&job->stop, &shutdown, code)))
			wake |= wake_locked(jobs, job);
	}
	pthread_mutex_unlock(&jobs->lock);
	if (wake)
		pthread_cond_broadcast(&jobs->runnable);
}
