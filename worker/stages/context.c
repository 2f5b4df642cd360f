/* Stage `context`: reads the message's row (sql/worker/contexts.sql): the agent's current settings,
 * its routes, and the conversation. */
#include "shared/json.h"
#include "shared/log.h"
#include "sql_embed.h"
#include "worker/contexts.h"
#include "worker/llm/intent.h"
#include "worker/llm/route.h"
#include "worker/services.h"
#include "worker/stages/stages.h"

#define TURNS_MAX (64u << 20) /* bytes of JSON */
#define ROUTES_MAX (1u << 20)

/* Reads [["user","…"],["assistant","…","gemini@host","…"],…]: the fourth is the turn in the form of
 * its provider, the third names that form as protocol@provider. */
static int read_turns(struct job *job, struct str text, struct err *err)
{
	const struct json *j;
	if (json_parse(&job->arena, text, TURNS_MAX, &j, err) < 0)
		return -1;
	struct turn *turns = arena_alloc(&job->arena, sizeof *turns * (size_t)json_count(j));
	int n = 0;
	for (const struct json *pair = json_first(j); pair != NULL; pair = json_next(pair)) {
		const struct json *role = json_first(pair);
		const struct json *content = json_next(role), *whose = json_next(content);
		struct turn *t = &turns[n++];
		*t = (struct turn){ .role = json_value(role).ptr, .content = json_value(content), .native = STR("") };
		if (whose == NULL)
			continue;
		char *protocol = arena_dup(&job->arena, json_value(whose).ptr, json_value(whose).len),
		     *at = strchr(protocol, '@');
		t->own_protocol = protocol;
		t->native = json_value(json_next(whose));
		if (at != NULL) {
			*at = '\0';
			t->own_provider = at + 1;
		}
	}
	job->prompt.turns = turns;
	job->prompt.n_turns = n;
	return 0;
}

/* Reads the answer of routes_for.sql. */
static int read_routes(struct job *job, struct str text, struct err *err)
{
	const struct json *j;
	if (json_parse(&job->arena, text, ROUTES_MAX, &j, err) < 0)
		return err_wrap(err, "routes");
	job->routes = arena_alloc(&job->arena, sizeof *job->routes * (size_t)json_count(j));
	for (const struct json *x = json_first(j); x != NULL; x = json_next(x))
		job->routes[job->n_routes++] = route_read(x);
	return 0;
}

/* Without routes from the database: makes one route to the agent's own provider, which may be
 * called. */
static void own_route(struct job *job)
{
	const char *const *c = job->columns;
	if (c[COL_CONTEXTS_PROVIDER] == NULL || c[COL_CONTEXTS_MODEL] == NULL)
		return; /* no route: the stage `generate` fails with a message */
	job->routes = arena_alloc(&job->arena, sizeof *job->routes);
	job->n_routes = 1;
	*job->routes = (struct route){ .provider = c[COL_CONTEXTS_PROVIDER],
		                       .protocol = c[COL_CONTEXTS_PROTOCOL],
		                       .base_url = c[COL_CONTEXTS_BASE_URL],
		                       .key_env = c[COL_CONTEXTS_KEY_ENV],
		                       .header = c[COL_CONTEXTS_HEADER],
		                       .query = c[COL_CONTEXTS_QUERY],
		                       .model = c[COL_CONTEXTS_MODEL] };
}

/* Reads how to classify the question. An error is only logged: the message is answered anyway. */
static void read_intent(struct job *job)
{
	const char *document = job->columns[COL_CONTEXTS_INTENT];
	struct err err;
	if (document != NULL && intent_read(job, str_of(document), NULL, &err) < 0)
		log_event(LOG_WARN, "how to classify is not understood", "message=%lld code=%s", (long long)job->message_id,
		          err_name(err.code));
}

static int64_t context_number(const struct job *job, int column, int64_t none)
{
	const char *text = job->columns[column];
	return text != NULL ? strtoll(text, NULL, 10) : none;
}

static int read_columns(struct job *job, struct err *err)
{
	const char *const *c = job->columns;
	job->agent = c[COL_CONTEXTS_AGENT];
	job->conversation = c[COL_CONTEXTS_SESSION];
	job->waited = context_number(job, COL_CONTEXTS_WAITED_US, -1);
	job->span = span_attempt(c[COL_CONTEXTS_TRACEPARENT], job->message_uuid, job->job_id);
	job->prompt = (struct prompt){ .system = c[COL_CONTEXTS_SYSTEM_PROMPT],
		                       .max_tokens = (int)context_number(job, COL_CONTEXTS_MAX_TOKENS, 0),
		                       .set = { c[COL_CONTEXTS_TEMPERATURE], c[COL_CONTEXTS_TOP_P], c[COL_CONTEXTS_REASONING] } };
	job->is_budgeted = strcmp(c[COL_CONTEXTS_IS_BUDGETED], "t") == 0;
	job->retries = (int)context_number(job, COL_CONTEXTS_RETRIES, -1);
	job->first_byte_ms = (int)context_number(job, COL_CONTEXTS_FIRST_BYTE_MS, 0);
	job->keeps_cut = strcmp(c[COL_CONTEXTS_ON_CUT], "keep") == 0;
	pthread_mutex_lock(&job->live.lock);
	job->live.runs_code = c[COL_CONTEXTS_RUN_CODE] != NULL;
	job->live.shows_real = job->live.runs_code || c[COL_CONTEXTS_CALCULATION_MS] != NULL;
	pthread_mutex_unlock(&job->live.lock);
	if (c[COL_CONTEXTS_ROUTES] == NULL)
		own_route(job);
	else if (read_routes(job, str_of(c[COL_CONTEXTS_ROUTES]), err) < 0)
		return -1;
	if (c[COL_CONTEXTS_TURNS] == NULL || read_turns(job, str_of(c[COL_CONTEXTS_TURNS]), err) < 0)
		return err_set(err, ERR_BAD_INPUT, "there is no message to answer");
	read_intent(job);
	return 0;
}

enum step stage_context(struct job *job, struct err *err)
{
	int stop = atomic_load(&job->stop);
	if (!atomic_load(&job->has_context)) {
		if (stop == ERR_OK || !contexts_withdraw(job->services->contexts, job))
			return STEP_PARK; /* the claim thread has asked for the row */
		err_set(err, (enum err_code)stop, "before it was read");
		return STEP_FAIL;
	}
	if (job->columns == NULL || read_columns(job, err) < 0)
		return STEP_FAIL;
	return STEP_NEXT;
}
