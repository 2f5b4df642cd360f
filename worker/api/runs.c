/* Code that is run for a client, who waits for the end of its run. */
#include "shared/clock.h"
#include "sql_embed.h"
#include "worker/api/routes.h"

#define DEFAULT_MS 10000
#define PATIENCE_MS 60000 /* beyond the run's own time: for those before it */

static void reply_busy(struct reply_http *r, const char *code, const char *message)
{
	reply_error(r, 503, code, message);
	reply_header(r, "Retry-After", "5");
}

/* Asks for the run. A run's number among those that wait is below zero, see http_documents.sql. */
static enum route_end run_code_for(struct api *api, struct request *request, const char *code, const char *language, int64_t ms,
                                   struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	struct rows rows;
	char timeout[24];
	struct share *share = waiters_share(api->waiters, request);
	const char *params[] = { request->token, ask_local(request), code, language, timeout };
	snprintf(timeout, sizeof timeout, "%lld", (long long)MIN(MAX(ms, -1), INT32_MAX));
	enum route_end end = ROUTE_DONE;
	if (share == NULL) {
		reply_busy(r, "busy", "too many requests with this token wait already");
	} else if (ask(api, request, &a, sql_worker_http_exec, params, ARRAY_SIZE(params), &rows, r) == 0) {
		if (rows_at(&rows, 0, COL_HTTP_EXEC_REFUSED) != NULL) {
			reply_busy(r, "refused", rows_at(&rows, 0, COL_HTTP_EXEC_REFUSED));
		} else {
			waiters_add(api->waiters, share, request, r, -rows_int(&rows, 0, COL_HTTP_EXEC_RUN, 0),
			            rows_at(&rows, 0, COL_HTTP_EXEC_DOCUMENT), clock_mono() + (ms + PATIENCE_MS) * USEC_PER_MSEC);
			share = NULL;
			end = ROUTE_PARKED;
		}
	}
	waiters_unshare(api->waiters, share);
	arena_release(&a);
	return end;
}

enum route_end post_execute_code(void *ctx, struct request *request, struct reply_http *r)
{
	struct arena a = ARENA_INIT;
	const char *code = NULL, *language = "python";
	int64_t ms = DEFAULT_MS;
	enum route_end end = ROUTE_DONE;
	const struct field fields[] = { { "code", &code, NULL, true }, { "language", &language, NULL, false }, { "timeout_ms", NULL, &ms, false } };
	if (allow_origin(ctx, request, r) && read_body(&a, request->body, fields, ARRAY_SIZE(fields), r)) {
		request_drop_body(request);
		end = run_code_for(ctx, request, code, language, ms, r);
	}
	arena_release(&a);
	return end;
}
