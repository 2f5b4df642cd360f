/* What the model is to know: the agent as it is now, and the conversation, cut to the agent's window. */
#include "shared/pg.h"
#include "sql_embed.h"
#include "worker/dbpool.h"
#include "worker/services.h"
#include "worker/stages/stages.h"

#define TIMEOUT_MS 15000

static int load(struct job *job, struct pg *pg, struct err *err)
{
	char id[24], window[16];
	const char *params[] = { id, window };
	struct rows r;
	snprintf(id, sizeof id, "%lld", (long long)job->message_id);
	if (pg_exec(pg, &job->arena, sql_worker_load_agent, params, 1, TIMEOUT_MS, &r, err) < 0)
		return -1;
	if (r.n_rows == 0)
		return err_set(err, ERR_LEASE_LOST, "the message is not in the queue any more");
	job->agent = rows_at(&r, 0, 0);
	job->provider = rows_at(&r, 0, 1);
	job->protocol = rows_at(&r, 0, 2);
	job->base_url = rows_at(&r, 0, 3);
	job->key_env = rows_at(&r, 0, 4);
	job->model = rows_at(&r, 0, 5);
	job->system_prompt = rows_at(&r, 0, 6);
	job->max_tokens = (int)rows_int(&r, 0, 8, 0);
	snprintf(window, sizeof window, "%d", (int)rows_int(&r, 0, 7, 10));
	if (pg_exec(pg, &job->arena, sql_worker_load_conversation, params, 2, TIMEOUT_MS, &r, err) < 0)
		return -1;
	job->turns = arena_alloc(&job->arena, sizeof *job->turns * (size_t)r.n_rows);
	for (int i = 0; i < r.n_rows; i++)
		job->turns[i] = (struct turn){ rows_at(&r, i, 0), str_of(rows_at(&r, i, 1)) };
	job->n_turns = r.n_rows;
	if (r.n_rows == 0)
		return err_set(err, ERR_BAD_INPUT, "there is no message to answer");
	return 0;
}

enum step context_load(struct job *job, struct err *err)
{
	struct pg *pg;
	if (dbpool_get(job->services->pool, TIMEOUT_MS, &pg, err) < 0) {
		/* Not the message's fault: it goes back and burns no try. */
		err->code = ERR_SHUTDOWN;
		return FAIL;
	}
	int result = load(job, pg, err);
	dbpool_put(job->services->pool, pg);
	if (result < 0 && err_class(err->code) == ERR_RETRY)
		err->code = ERR_SHUTDOWN;
	return result < 0 ? FAIL : GO;
}
