/* The answer of a process (a tool of the kind process): signed as Standard Webhooks 1.0 says, taken once. */
#include "shared/json.h"
#include "shared/log.h"
#include "sql_embed.h"
#include "worker/api/routes.h"
#include "worker/llm/address.h"
#include "worker/toolbox/process.h"
#include "worker/webhooks/webhooks.h"

#define CLOCK_SEC 300 /* by which the sender's clock may differ; then a signature is too old (Standard Webhooks) */

/* True when one of the signatures is that of the body with this secret. */
static bool is_signed(const struct request *request, const char *secret, const char *id, const char *timestamp,
                      const char *signatures)
{
	char own[WEBHOOK_SIGNATURE];
	char *end;
	long long at = strtoll(timestamp, &end, 10), now = clock_wall() / USEC_PER_SEC;
	if (*end != '\0' || at < now - CLOCK_SEC || at > now + CLOCK_SEC || webhook_sign(secret, id, at, request->body, own) < 0)
		return false;
	size_t n = strlen(own);
	for (const char *s = signatures; *s != '\0'; s += strcspn(s, " "), s += strspn(s, " ")) {
		unsigned char differs = strcspn(s, " ") != n;
		for (size_t i = 0; !differs && i < n; i++)
			differs |= (unsigned char)(s[i] ^ own[i]);
		if (!differs)
			return true;
	}
	return false;
}

/* Whether the request comes from the process. False: the reply has the error, which does not tell what is wrong. */
static bool is_from_process(struct api *api, const struct request *request, const char *name, struct reply_http *r)
{
	struct secrets used = SECRETS_INIT(api->services->options->secret_names);
	char secret[SECRET_MAX];
	struct err err;
	const char *id = request_header(request, "webhook-id"), *timestamp = request_header(request, "webhook-timestamp"),
		   *signatures = request_header(request, "webhook-signature");
	bool is = false;
	if (name != NULL && secret_read(name, secret, &used, &err) < 0) {
		log_event(LOG_WARN, "answers of processes cannot be checked", "variable=%s code=%s", name, err_name(err.code));
		reply_error(r, 503, err_name(err.code), "this worker cannot check signatures now");
		secrets_release(&used);
		return false;
	}
	if (name != NULL && id != NULL && timestamp != NULL && signatures != NULL)
		is = is_signed(request, secret, id, timestamp, signatures);
	if (name != NULL)
		explicit_bzero(secret, sizeof secret);
	secrets_release(&used);
	if (!is)
		reply_error(r, 401, "unauthorized", "the signature is not that of this task's process");
	return is;
}

/* Takes what the process says. */
static void take_answer(struct api *api, const struct request *request, struct arena *a, const char *task, struct reply_http *r)
{
	const struct json *j;
	struct rows rows;
	struct err err;
	if (json_parse(a, request->body, request->body.len, &j, &err) < 0 || !json_is_object(j)) {
		reply_error(r, 400, "bad_input", "the body must be a JSON object");
		return;
	}
	enum process_word word = process_says(j);
	const char *params[] = { task, word == PROCESS_FAILED ? "failed" : "success",
		                 arena_dup(a, request->body.ptr, request->body.len) };
	if (word != PROCESS_ON && ask(api, request, a, sql_worker_task_end, params, 3, &rows, r) < 0)
		return;
	r->status = 200;
	strbuf_str(&r->body, word == PROCESS_ON ? "{\"status\":\"running\"}" : "{\"status\":\"ended\"}");
}

enum route_end post_task_callback(void *ctx, struct request *request, struct reply_http *r)
{
	struct api *api = ctx;
	struct arena a = ARENA_INIT;
	struct rows rows = { .n_rows = 0 };
	const char *task = request->params.value[0];
	bool is_asked = !str_is_uuid(task) || ask(api, request, &a, sql_worker_task_signer, &task, 1, &rows, r) == 0;
	if (is_asked && rows.n_rows == 0)
		reply_error(r, 404, "not_found", "no such task");
	else if (is_asked && is_from_process(api, request, rows_at(&rows, 0, COL_TASK_SIGNER_NAME), r))
		take_answer(api, request, &a, task, r);
	arena_release(&a);
	return ROUTE_DONE;
}
