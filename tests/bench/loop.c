/*
 * A worker as one writes it by hand in an afternoon, for experiment 6: it takes messages, calls the provider, writes the answers; the same commits
 * and the same call as signalbox's, in batches, and nothing else: no lease, no fence, no order of a session, no turns, limits, retry, prices
 * or statistics.
 *
 *   loop [--concurrency N] --url URL CONNINFO      until it is ended; the tables are loop.sql's
 */
#include <curl/curl.h>
#include <libpq-fe.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/str.h"
#include "tests/bench/easy.h"

#define SLOTS_MAX 1024
#define GATHER_USEC (2 * USEC_PER_MSEC)

struct slot {
	CURL *easy;
	struct strbuf request, answer;
	char id[24], job[40];
	bool is_busy;
};

static struct {
	int concurrency, n_busy;
	const char *url, *conninfo;
	CURLM *multi;
	struct curl_slist *headers;
	PGconn *pg;
	struct slot slots[SLOTS_MAX];
	struct strbuf ids, jobs, answers; /* of what is to be settled, as arrays */
	int n_done;
	usec_t first_done;
} L = { .concurrency = 64 };

static const char CLAIM[] =
	"with c as (select message_id from loop.queue where state = 'ready' order by agent_id, rank, seq limit $1::int for update skip locked), "
	"u as (update loop.queue q set state = 'running', job_id = gen_random_uuid(), changed_at = clock_timestamp(), attempts = attempts + 1 "
	"from c where q.message_id = any (array[c.message_id]) returning q.message_id, q.job_id) "
	"update loop.ai_messages m set processing_status = 'processing', processing_started_at = clock_timestamp(), job_id = u.job_id "
	"from u where m.id = any (array[u.message_id]) returning m.id, m.job_id, (select t.content from loop.ai_messages t where t.id = m.reply_to)";
static const char SETTLE[] =
	"with d as materialized (select * from unnest($1::bigint[], $2::uuid[], $3::text[]) d(id, job, content)), "
	"q as (delete from loop.queue q using d where q.message_id = any (array[d.id]) and q.job_id = d.job "
	"returning q.message_id, q.job_id, q.session_id, q.agent_id, q.changed_at), "
	"m as (update loop.ai_messages m set processing_status = 'completed', content = d.content, processing_completed_at = clock_timestamp(), "
	"model_used = 'practice', tokens_prompt = 40, tokens_completion = 20 from d where m.id = any (array[d.id])), "
	"a as (insert into loop.attempts (job_id, message_id, agent_id, number, provider, model, started_at, ended_at, outcome, tokens_prompt, "
	"tokens_completion, cost_pico) "
	"select job_id, message_id, agent_id, 1, 'bench', 'practice', changed_at, clock_timestamp(), 'completed', 40, 20, 80000000 from q) "
	"insert into loop.ai_costs (job_id, call, message_id, session_id, agent_id, provider, model, tokens_input, tokens_output, cost_pico) "
	"select job_id, 1, message_id, session_id, agent_id, 'bench', 'practice', 40, 20, 80000000 from q";

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "loop: %s: %s\n", what, why);
	exit(1);
}

static PGresult *run_prepared(const char *name, const char *const *params, int n)
{
	PGresult *r = PQexecPrepared(L.pg, name, n, params, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		die(name, PQerrorMessage(L.pg));
	return r;
}

static void command(const char *sql)
{
	PGresult *r = PQexecParams(L.pg, sql, 0, NULL, NULL, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		die(sql, PQerrorMessage(L.pg));
	PQclear(r);
}

static void connect_db(void)
{
	L.pg = PQconnectdb(L.conninfo);
	if (PQstatus(L.pg) != CONNECTION_OK)
		die("connect", PQerrorMessage(L.pg));
	/* As ours: always by index, planned once. */
	command("set enable_seqscan = off");
	command("set enable_hashjoin = off");
	command("set enable_mergejoin = off");
	command("set enable_bitmapscan = off");
	command("set plan_cache_mode = force_generic_plan");
	PQclear(PQprepare(L.pg, "claim", CLAIM, 0, NULL));
	PQclear(PQprepare(L.pg, "settle", SETTLE, 0, NULL));
}

static size_t receive(char *data, size_t size, size_t n, void *arg)
{
	struct slot *s = arg;
	strbuf_add(&s->answer, data, size * n);
	return size * n;
}

static void call(struct slot *s, const char *id, const char *job, const char *content)
{
	snprintf(s->id, sizeof s->id, "%s", id);
	snprintf(s->job, sizeof s->job, "%s", job);
	s->is_busy = true;
	L.n_busy++;
	strbuf_clear(&s->answer);
	strbuf_clear(&s->request);
	strbuf_addf(
		&s->request,
		"{\"model\":\"practice\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":\"system\","
		"\"content\":\"You are Bench, of the support team.\"},{\"role\":\"user\",\"content\":\"%s\"}]}",
		content);
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)s->request.len);
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, strbuf_text(&s->request));
	if (curl_multi_add_handle(L.multi, s->easy) != CURLM_OK)
		die("curl", "add");
}

/* Losing a claim loses nothing: as ours, it does not wait for the disk. */
static int claim(void)
{
	char n[16];
	const char *params[] = { n };
	snprintf(n, sizeof n, "%d", L.concurrency - L.n_busy);
	command("begin");
	command("set local synchronous_commit = off");
	PGresult *r = run_prepared("claim", params, 1);
	command("commit");
	int taken = PQntuples(r);
	for (int i = 0, at = 0; i < taken; i++) {
		while (L.slots[at].is_busy)
			at++;
		call(&L.slots[at], PQgetvalue(r, i, 0), PQgetvalue(r, i, 1), PQgetvalue(r, i, 2));
	}
	PQclear(r);
	return taken;
}

/* The text of the stream's events; practice words need no unescaping. */
static void finish(struct slot *s, CURLcode result)
{
	static const char key[] = "\"content\":\"";
	struct strbuf text = STRBUF_INIT(1u << 20);
	if (result != CURLE_OK)
		die(L.url, curl_easy_strerror(result));
	if (strstr(strbuf_text(&s->answer), "data: [DONE]") == NULL)
		die("an answer is cut", strbuf_text(&s->answer));
	for (const char *p = strbuf_text(&s->answer); (p = strstr(p, key)) != NULL;) {
		p += sizeof key - 1;
		strbuf_add(&text, p, strcspn(p, "\""));
	}
	if (L.n_done++ == 0)
		L.first_done = clock_mono();
	strbuf_addf(&L.ids, "%s%s", L.n_done > 1 ? "," : "{", s->id);
	strbuf_addf(&L.jobs, "%s%s", L.n_done > 1 ? "," : "{", s->job);
	strbuf_addf(&L.answers, "%s\"%s\"", L.n_done > 1 ? "," : "{", strbuf_text(&text));
	strbuf_release(&text);
	curl_multi_remove_handle(L.multi, s->easy);
	s->is_busy = false;
	L.n_busy--;
}

static void settle(void)
{
	strbuf_char(&L.ids, '}');
	strbuf_char(&L.jobs, '}');
	strbuf_char(&L.answers, '}');
	const char *params[] = { strbuf_text(&L.ids), strbuf_text(&L.jobs), strbuf_text(&L.answers) };
	PQclear(run_prepared("settle", params, 3));
	strbuf_clear(&L.ids);
	strbuf_clear(&L.jobs);
	strbuf_clear(&L.answers);
	L.n_done = 0;
}

static void prepare(void)
{
	L.multi = curl_multi_init();
	curl_multi_setopt(L.multi, CURLMOPT_MAXCONNECTS, (long)SLOTS_MAX);
	L.headers = curl_slist_append(NULL, "Content-Type: application/json");
	L.headers = curl_slist_append(L.headers, "Authorization: Bearer practice");
	L.ids = L.jobs = L.answers = (struct strbuf)STRBUF_INIT(16u << 20);
	for (int i = 0; i < L.concurrency; i++) {
		struct slot *s = &L.slots[i];
		s->easy = easy_new(L.url, L.headers, receive, s);
		s->request = s->answer = (struct strbuf)STRBUF_INIT(1u << 20);
	}
}

int main(int argc, char **argv)
{
	int i = 1, running, left;
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--concurrency") == 0)
			L.concurrency = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--url") == 0)
			L.url = argv[i + 1];
		else
			die(argv[i], "unknown");
	}
	if (argc - i != 1 || L.url == NULL || L.concurrency < 1 || L.concurrency > SLOTS_MAX)
		die("usage", "see the head of loop.c");
	L.conninfo = argv[i];
	curl_global_init(CURL_GLOBAL_ALL);
	connect_db();
	prepare();
	for (usec_t claimed = 0;;) {
		if (L.n_busy < L.concurrency && clock_mono() - claimed >= GATHER_USEC) {
			claim();
			claimed = clock_mono();
		}
		if (curl_multi_perform(L.multi, &running) != CURLM_OK)
			die("curl", "perform");
		for (CURLMsg *m; (m = curl_multi_info_read(L.multi, &left)) != NULL;) {
			struct slot *s = NULL;
			CURLcode result = m->data.result;
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
			finish(s, result);
		}
		if (L.n_done > 0 && (L.n_busy == 0 || clock_mono() - L.first_done >= GATHER_USEC))
			settle();
		if (curl_multi_poll(L.multi, NULL, 0, 1, NULL) != CURLM_OK)
			die("curl", "poll");
	}
}
