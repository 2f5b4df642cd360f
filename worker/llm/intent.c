/*
 * A chat model gets the labels and scores each of them. An embeddings model turns the text into a
 * vector, which is compared with the vectors of the labels' descriptions and examples. When this
 * worker does not have the labels' vectors yet (vectors.h), the same call makes them.
 */
#include "worker/llm/intent.h"

#include "shared/json.h"
#include "shared/log.h"
#include "worker/llm/breaker.h"
#include "worker/llm/call.h"
#include "worker/llm/report.h"
#include "worker/llm/route.h"
#include "worker/llm/scores.h"
#include "worker/llm/vectors.h"
#include "worker/telemetry/count.h"

#define ANSWER_MAX (64u << 10)
#define SHARE 1000000 /* counters hold integers: the confidence is in millionths */

struct intent {
	/* these point into the job's arena */
	bool is_known, is_embedding;
	const char *key, *skip, *prompt, *version, *vectors_key;
	struct str schema, text;
	int max_tokens;
	double threshold;
	const char **labels;
	int n_labels;
	struct str *texts; /* to be made into vectors: the question, then the texts of the labels */
	int *owners;       /* owners[i]: index of the label of texts[i + 1] */
	int n_texts;
	struct route route;

	struct live said; /* the chat model's answer; it has no watchers */
	struct call *call;
	struct span span;
	struct vectors_waiter waiter;
	bool makes_labels, is_over;
	const char *best, *label;
	double confidence;
	struct err err;
};

static void intent_add_text(struct intent *in, struct str text, int owner)
{
	if (text.len == 0)
		return;
	in->texts[in->n_texts++] = text;
	in->owners[in->n_texts - 2] = owner;
}

/* Length in bytes of the first sentence of s. */
static size_t sentence(struct str s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (strchr(".?!", s.ptr[i]) != NULL && (s.ptr[i + 1] == ' ' || s.ptr[i + 1] == '\n'))
			return i + 1;
	return s.len;
}

/* Adds each sentence of the description, and each example, as a text of its own: the vector of a
 * long text is not near to any one topic. */
static void add_label(struct intent *in, const struct json *l, int owner)
{
	struct str rest = STR("");
	json_str(l, "description", &rest);
	while (rest.len > 0) {
		size_t n = sentence(rest);
		intent_add_text(in, (struct str){ rest.ptr, n }, owner);
		while (n < rest.len && (rest.ptr[n] == ' ' || rest.ptr[n] == '\n'))
			n++;
		rest = (struct str){ rest.ptr + n, rest.len - n };
	}
	for (const struct json *e = json_first(json_get(l, "examples")); e != NULL; e = json_next(e))
		intent_add_text(in, json_value(e), owner);
}

static int sentences(const struct json *l)
{
	struct str s = STR("");
	int n = 1;
	json_str(l, "description", &s);
	for (size_t i = 0; i < s.len; i++)
		n += strchr(".?!", s.ptr[i]) != NULL;
	return n;
}

static int read_labels(struct job *job, struct intent *in, const struct json *doc, struct err *err)
{
	const struct json *list = json_get(doc, "labels");
	int n = json_count(list), n_texts = 1;
	if (n < 2 || n > SCORES_MAX)
		return err_set(err, ERR_BAD_INPUT, "%d labels", n);
	for (const struct json *l = json_first(list); l != NULL; l = json_next(l))
		n_texts += sentences(l) + json_count(json_get(l, "examples"));
	in->labels = arena_alloc(&job->arena, sizeof *in->labels * (size_t)n);
	in->texts = arena_alloc(&job->arena, sizeof *in->texts * (size_t)n_texts);
	in->owners = arena_alloc(&job->arena, sizeof *in->owners * (size_t)n_texts);
	in->texts[in->n_texts++] = in->text;
	for (const struct json *l = json_first(list); l != NULL; l = json_next(l)) {
		in->labels[in->n_labels] = json_text(l, "label");
		if (in->labels[in->n_labels] == NULL)
			return err_set(err, ERR_BAD_INPUT, "a label without a name");
		add_label(in, l, in->n_labels++);
	}
	return 0;
}

static int read_spec(struct job *job, struct intent *in, const struct json *doc, const char *text, struct err *err)
{
	const char *way = json_text(doc, "way");
	int64_t max_tokens = 0;
	in->is_embedding = way != NULL && strcmp(way, "embed") == 0;
	in->key = json_text(doc, "key");
	in->skip = json_text(doc, "skip");
	in->prompt = json_text(doc, "prompt");
	in->version = json_text(doc, "version");
	in->text = str_of(text != NULL ? text : json_text(doc, "text"));
	json_str(doc, "schema", &in->schema);
	json_int(doc, "max_tokens", &max_tokens);
	json_double(doc, "threshold", &in->threshold);
	in->max_tokens = (int)MIN(max_tokens, 100000);
	in->route = route_read(json_get(doc, "route"));
	if (in->version == NULL || in->route.provider == NULL || in->route.protocol == NULL || in->route.base_url == NULL ||
	    in->route.model == NULL || (!in->is_embedding && in->prompt == NULL))
		return err_set(err, ERR_BAD_INPUT, "no whole description of the classification");
	in->vectors_key = arena_strf(&job->arena, "%s %s:%s", in->version, in->route.provider, in->route.model);
	return read_labels(job, in, doc, err);
}

int intent_read(struct job *job, struct str document, const char *text, struct err *err)
{
	const struct json *doc;
	struct intent *in = arena_alloc(&job->arena, sizeof *in);
	if (json_parse(&job->arena, document, 4u << 20, &doc, err) < 0)
		return -1;
	in->confidence = -1;
	json_bool(doc, "known", &in->is_known);
	if (in->is_known) {
		in->label = json_text(doc, "intent");
		json_double(doc, "confidence", &in->confidence);
	} else if (read_spec(job, in, doc, text, err) < 0) {
		return -1;
	}
	pthread_mutex_init(&in->said.lock, NULL);
	in->said.text.cap = ANSWER_MAX;
	job->intent = in;
	return 0;
}

static void intent_decide(struct intent *in, struct verdict v)
{
	in->confidence = v.confidence;
	in->best = v.best >= 0 ? in->labels[v.best] : NULL;
	in->label = v.confidence >= in->threshold ? in->best : NULL;
}

static void judge_words(struct intent *in)
{
	double scores[SCORES_MAX];
	struct str said = { strbuf_text(&in->said.text), in->said.text.len };
	if (scores_read(said, in->labels, in->n_labels, scores, &in->err) == 0)
		intent_decide(in, scores_judge(scores, in->n_labels));
}

static void intent_judge_vectors(struct job *job, struct intent *in)
{
	const struct embedding *e = &in->call->vectors;
	struct vectors *known = job->services->vectors;
	double near[SCORES_MAX];
	if (in->makes_labels)
		vectors_put(known, in->vectors_key, e->values + e->dimensions, in->owners, e->n - 1, e->dimensions, in->n_labels);
	if (vectors_near(known, in->vectors_key, e->values, e->dimensions, near))
		intent_decide(in, kin_judge(near, in->n_labels));
	else
		err_set(&in->err, ERR_BAD_REPLY, "the labels' vectors are not of %d numbers as this one, or gone", e->dimensions);
}

static void intent_tell(const struct job *job, const struct intent *in)
{
	struct counts *c = job->services->counts;
	if (!job->pipeline->is_message)
		return;
	const char *source = in->is_known ? "cache" : in->confidence < 0 ? "failed" : in->is_embedding ? "embedding" : "model";
	count_add(c, INTENTS, 1, job->agent, source);
	if (in->confidence >= 0)
		count_add(c, INTENT_CONFIDENCE, (int64_t)(in->confidence * SHARE), job->agent);
	if (in->confidence < 0)
		log_event(LOG_INFO, "not classified", "message=%lld provider=%s code=%s", (long long)job->message_id,
		          in->route.provider, err_name(in->err.code));
}

static enum step intent_end(struct job *job, struct intent *in)
{
	in->is_over = true;
	vectors_leave(job->services->vectors, &in->waiter);
	if (in->makes_labels && in->confidence < 0)
		vectors_give_up(job->services->vectors, in->vectors_key);
	intent_tell(job, in);
	return STEP_NEXT;
}

static void start(struct job *job, struct intent *in)
{
	const struct options *o = job->services->options;
	const struct turn turn = { .role = "user", .content = in->text };
	const struct prompt prompt = { .system = in->prompt,
		                       .turns = &turn,
		                       .n_turns = 1,
		                       .max_tokens = in->max_tokens,
		                       .schema = in->schema,
		                       .is_exact = true };
	const struct request request = { .prompt = &prompt,
		                         .into = &in->said,
		                         .texts = in->is_embedding ? in->texts : NULL,
		                         .n_texts = in->makes_labels ? in->n_texts : 1,
		                         .deadline = MIN(job->deadline, clock_mono() + o->intent_timeout_ms * USEC_PER_MSEC) };
	if (job->services->trace != NULL)
		in->span = span_child(&job->span);
	in->call = call_start(job, &request, &in->route, &in->span, &in->err);
}

static void intent_judge(struct job *job, struct intent *in)
{
	const struct call_about about = { .operation = in->is_embedding ? "embeddings" : "chat",
		                          .max_tokens = in->is_embedding ? 0 : in->max_tokens };
	report_call(job, &in->route, in->call, &in->span, &about);
	if (in->call->err.code != ERR_OK)
		in->err = in->call->err;
	else if (in->is_embedding)
		intent_judge_vectors(job, in);
	else
		judge_words(in);
}

/* Asks for the labels' vectors. STEP_PARK while another job makes them; else STEP_NEXT, with
 * in->err when the other job failed to make them. */
static enum step find_labels(struct job *job, struct intent *in)
{
	bool waited = in->waiter.job != NULL;
	in->waiter.job = job;
	switch (vectors_ask(job->services->vectors, in->vectors_key, &in->waiter)) {
	case VECTORS_COMING:
		return STEP_PARK;
	case VECTORS_YOURS:
		if (waited) {
			vectors_give_up(job->services->vectors, in->vectors_key);
			err_set(&in->err, ERR_BAD_REPLY, "the labels' vectors could not be made");
		}
		in->makes_labels = !waited;
		break;
	case VECTORS_THERE:
		break;
	}
	return STEP_NEXT;
}

/* Checks whether the call may be made, and starts it. STEP_PARK: wait for the labels' vectors.
 * STEP_NEXT: in->call was started, or in->err is set. */
static enum step intent_begin(struct job *job, struct intent *in)
{
	int stop = atomic_load(&job->stop);
	int64_t held = in->route.is_probe ? 0 : breakers_held(job->services->breakers, &in->route, job->claimed);
	if (stop != ERR_OK)
		err_set(&in->err, (enum err_code)stop, "before the call");
	else if (in->skip != NULL || held > 0)
		err_set(&in->err, ERR_BREAKER_OPEN, "not called: %.60s", in->skip != NULL ? in->skip : "its breaker opened");
	else if (in->is_embedding && find_labels(job, in) == STEP_PARK)
		return STEP_PARK;
	if (in->err.code == ERR_OK)
		start(job, in);
	return STEP_NEXT;
}

enum step intent_step(struct job *job)
{
	struct intent *in = job->intent;
	int stop = atomic_load(&job->stop);
	if (in == NULL || in->is_over)
		return STEP_NEXT;
	if (in->is_known)
		return intent_end(job, in);
	if (in->call == NULL) {
		if (intent_begin(job, in) == STEP_PARK)
			return STEP_PARK;
		if (in->call == NULL)
			return intent_end(job, in);
	}
	if (!atomic_load(&in->call->is_done)) {
		if (stop != ERR_OK)
			call_cancel(job->services->engine, in->call, (enum err_code)stop);
		return STEP_PARK;
	}
	intent_judge(job, in);
	return intent_end(job, in);
}

struct intent_verdict intent_verdict(const struct job *job)
{
	const struct intent *in = job->intent;
	return (struct intent_verdict){ in->label, in->best, in->confidence, &in->err };
}

void intent_usage(const struct job *job, struct intent_usage *u)
{
	const struct call *c = job->intent->call;
	if (c == NULL || !c->may_be_billed)
		return;
	u->calls++;
	u->input += MAX(0, c->reply->usage.input);
	u->output += MAX(0, c->reply->usage.output);
	snprintf(u->model, sizeof u->model, "%s", c->reply->model[0] != '\0' ? c->reply->model : job->intent->route.model);
}

void intent_put(const struct job *job, struct strbuf *b)
{
	const struct intent *in = job->intent;
	if (in == NULL || in->confidence < 0)
		return;
	json_put_field(b, "intent", in->label);
	json_put_key(b, "intent_confidence");
	strbuf_addf(b, "%.4f", in->confidence);
	if (in->key != NULL)
		json_put_field(b, "intent_key", in->key);
}

void intent_put_call(const struct job *job, struct strbuf *b)
{
	const struct intent *in = job->intent;
	if (in == NULL || in->is_known || !in->is_over)
		return;
	strbuf_char(b, '{');
	json_put_field(b, "kind", in->is_embedding ? "embedding" : "intent");
	report_put_route(b, &in->route, in->call);
	if (in->err.code != ERR_OK)
		report_put_error(b, &in->err);
	if (in->call != NULL) {
		json_put_int_field(b, "call", 0);
		json_put_int_field(b, "ms", in->call->generation_ms);
		report_put_usage(b, in->call);
	}
	strbuf_char(b, '}');
}

void intent_free(struct job *job)
{
	struct intent *in = job->intent;
	if (in == NULL)
		return;
	if (in->route.is_probe && in->call == NULL)
		breakers_probed(job->services->breakers, &in->route, job->job_id, -1, NULL);
	call_free(in->call);
	strbuf_release(&in->said.text);
	pthread_mutex_destroy(&in->said.lock);
	job->intent = NULL;
}
