#include "worker/webhooks/webhooks.h"

#include <pthread.h>

#include "shared/clock.h"
#include "shared/digest.h"
#include "shared/json.h"
#include "shared/list.h"
#include "shared/log.h"
#include "shared/pg.h"
#include "shared/thread.h"
#include "sql_embed.h"
#include "worker/llm/address.h"
#include "worker/net/engine.h"

#define PARALLEL 16
#define TIMEOUT_MS 5000
#define SECRETS_USEC (10 * USEC_PER_SEC) /* between two looks at which secrets are wanted */
#define SEND_MS 15000                    /* Standard Webhooks asks for 15 to 30 s */
#define ANSWER_BYTES (64u << 10)         /* of the answer; it is not read */

/* A delivery that is under way. */
struct delivery {
	struct list link;
	struct webhooks *webhooks;
	int64_t id;
	uint64_t transfer;
	int status;
	char error[300]; /* "": there is none */
};

struct webhooks {
	pthread_t thread;
	const struct services *services;
	struct pg *pg;
	struct strbuf has; /* the array of the variables whose secret is here */
	usec_t looked;
	bool is_away;
	pthread_mutex_t lock; /* guards the fields below */
	pthread_cond_t some;
	struct list sent, ended;
	int n_sent;
	bool ending;
};

int webhook_sign(const char *secret, const char *id, long long timestamp, struct str payload, char out[static WEBHOOK_SIGNATURE])
{
	struct strbuf text = STRBUF_INIT(payload.len + 200);
	unsigned char bytes[SECRET_MAX], sum[DIGEST_BYTES];
	struct str key = str_of(secret);
	if (str_starts(key, "whsec_")) {
		size_t n = sizeof bytes;
		if (digest_decode((struct str){ key.ptr + 6, key.len - 6 }, false, bytes, &n) < 0 || n == 0)
			return -1;
		key = (struct str){ (const char *)bytes, n };
	}
	strbuf_addf(&text, "%s.%lld.", id, timestamp);
	strbuf_add(&text, payload.ptr, payload.len);
	digest_hmac(key, (struct str){ strbuf_text(&text), text.len }, sum);
	memcpy(out, "v1,", 3);
	digest_base64(sum, out + 3);
	strbuf_release(&text);
	explicit_bzero(bytes, sizeof bytes);
	return 0;
}

/* ---------------------------------------------------------------- on the engine's thread */

static int webhook_on_data(void *ctx, const struct net_response *response, struct str piece, struct err *err)
{
	(void)ctx;
	(void)piece;
	(void)err;
	return response->body_bytes > ANSWER_BYTES ? 1 : 0;
}

static void webhook_on_done(void *ctx, const struct net_response *response, const struct err *err)
{
	struct delivery *d = ctx;
	struct webhooks *w = d->webhooks;
	d->status = response->status;
	if (response->status == 0 && err != NULL)
		snprintf(d->error, sizeof d->error, "%s: %s", err_name(err->code), err->msg);
	pthread_mutex_lock(&w->lock);
	list_remove(&d->link);
	list_push(&w->ended, &d->link);
	w->n_sent--;
	pthread_cond_signal(&w->some);
	pthread_mutex_unlock(&w->lock);
}

/* ---------------------------------------------------------------- the thread */

static void webhook_submit(struct webhooks *w, struct delivery *d, const char *url, const char *id, const char *signature,
                           long long timestamp, struct str payload)
{
	char name[80], at[60], sign[40 + WEBHOOK_SIGNATURE];
	const char *headers[] = { "Content-Type: application/json", name, at, sign, NULL };
	snprintf(name, sizeof name, "webhook-id: %s", id);
	snprintf(at, sizeof at, "webhook-timestamp: %lld", timestamp);
	snprintf(sign, sizeof sign, "webhook-signature: %s", signature);
	const struct net_request request = { .url = url,
		                             .headers = headers,
		                             .body = payload,
		                             .connect_ms = TIMEOUT_MS,
		                             .first_byte_ms = SEND_MS,
		                             .idle_ms = SEND_MS,
		                             .total_ms = SEND_MS,
		                             .is_public_only = !w->services->options->webhook_private,
		                             .handler = { NULL, webhook_on_data, webhook_on_done, d } };
	pthread_mutex_lock(&w->lock);
	list_push(&w->sent, &d->link);
	w->n_sent++;
	d->transfer = net_submit(w->services->engine, &request); /* on_done waits for the lock */
	pthread_mutex_unlock(&w->lock);
}

/* Sends one delivery, or ends it with the reason why it cannot be sent. */
static void webhook_send(struct webhooks *w, const struct rows *r, int row)
{
	struct secrets used = SECRETS_INIT(w->services->options->secret_names);
	struct delivery *d = xcalloc(1, sizeof *d);
	struct str payload = str_of(rows_at(r, row, COL_WEBHOOK_TAKE_PAYLOAD));
	char secret[SECRET_MAX], signature[WEBHOOK_SIGNATURE], id[60];
	long long timestamp = clock_wall() / USEC_PER_SEC;
	struct err err;
	list_init(&d->link);
	d->webhooks = w;
	d->id = rows_int(r, row, COL_WEBHOOK_TAKE_ID, 0);
	snprintf(id, sizeof id, "msg_%s", rows_at(r, row, COL_WEBHOOK_TAKE_UUID));
	if (secret_read(rows_at(r, row, COL_WEBHOOK_TAKE_SECRET_ENV), secret, &used, &err) < 0)
		snprintf(d->error, sizeof d->error, "%s: %s", err_name(err.code), err.msg);
	else if (webhook_sign(secret, id, timestamp, payload, signature) < 0)
		snprintf(d->error, sizeof d->error, "not_configured: what follows whsec_ in the secret is no base64");
	explicit_bzero(secret, sizeof secret);
	secrets_release(&used);
	if (d->error[0] == '\0') {
		webhook_submit(w, d, rows_at(r, row, COL_WEBHOOK_TAKE_URL), id, signature, timestamp, payload);
		return;
	}
	pthread_mutex_lock(&w->lock);
	list_push(&w->ended, &d->link);
	pthread_mutex_unlock(&w->lock);
}

/* Which of the wanted secrets this worker has. */
static int look_at_secrets(struct webhooks *w, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r;
	char secret[SECRET_MAX];
	int result = pg_exec(w->pg, &a, sql_worker_webhook_secrets, NULL, 0, TIMEOUT_MS, &r, err);
	strbuf_clear(&w->has);
	for (int i = 0; result == 0 && i < r.n_rows; i++) {
		struct secrets used = SECRETS_INIT(w->services->options->secret_names);
		struct err ignored;
		if (secret_read(rows_at(&r, i, COL_WEBHOOK_SECRETS_NAME), secret, &used, &ignored) == 0)
			pg_array_add(&w->has, rows_at(&r, i, COL_WEBHOOK_SECRETS_NAME));
		explicit_bzero(secret, sizeof secret);
		secrets_release(&used);
	}
	if (w->has.len > 0)
		pg_array_end(&w->has);
	arena_release(&a);
	return result;
}

static int webhooks_take(struct webhooks *w, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct rows r;
	char room[12];
	pthread_mutex_lock(&w->lock);
	int n = PARALLEL - w->n_sent;
	pthread_mutex_unlock(&w->lock);
	snprintf(room, sizeof room, "%d", n);
	const char *params[] = { strbuf_text(&w->has), room };
	int result = n == 0 || w->has.len == 0 ? 1 : pg_exec(w->pg, &a, sql_worker_webhook_take, params, 2, TIMEOUT_MS, &r, err);
	for (int i = 0; result == 0 && i < r.n_rows; i++)
		webhook_send(w, &r, i);
	arena_release(&a);
	return MIN(result, 0);
}

/* Reports what has ended. What could not be reported is tried again when its minute is over. */
static int report_ended(struct webhooks *w, struct err *err)
{
	struct strbuf b = STRBUF_INIT(1u << 16);
	int result = 0;
	pthread_mutex_lock(&w->lock);
	while (!list_is_empty(&w->ended)) {
		struct delivery *d = list_entry(w->ended.next, struct delivery, link);
		list_remove(&d->link);
		strbuf_str(&b, b.len > 0 ? ",{" : "[{");
		json_put_int_field(&b, "id", d->id);
		json_put_int_field(&b, "status", d->status);
		json_put_field(&b, "error", d->error[0] != '\0' ? d->error : NULL);
		strbuf_char(&b, '}');
		free(d);
	}
	pthread_mutex_unlock(&w->lock);
	if (b.len > 0) {
		strbuf_char(&b, ']');
		const char *params[] = { strbuf_text(&b) };
		result = pg_exec(w->pg, NULL, sql_worker_webhook_done, params, 1, TIMEOUT_MS, NULL, err);
	}
	strbuf_release(&b);
	return result;
}

static int webhooks_turn(struct webhooks *w, struct err *err)
{
	usec_t now = clock_mono();
	if (w->pg != NULL && pg_is_broken(w->pg)) {
		pg_close(w->pg);
		w->pg = NULL;
	}
	if (w->pg == NULL && pg_connect(&w->pg, w->services->options->database_url, "signalbox-worker webhooks",
	                                "-c statement_timeout=4s", TIMEOUT_MS, err) < 0)
		return -1;
	if (now - w->looked >= SECRETS_USEC) {
		if (look_at_secrets(w, err) < 0)
			return -1;
		w->looked = now;
	}
	return report_ended(w, err) < 0 || webhooks_take(w, err) < 0 ? -1 : 0;
}

static void *webhooks_main(void *arg)
{
	struct webhooks *w = arg;
	struct err err;
	pthread_mutex_lock(&w->lock);
	while (!w->ending) {
		pthread_mutex_unlock(&w->lock);
		bool is_away = webhooks_turn(w, &err) < 0;
		if (is_away != w->is_away)
			log_event(LOG_WARN, is_away ? "webhooks wait for the database" : "webhooks are told again", "code=%s",
			          is_away ? err_name(err.code) : "ok");
		w->is_away = is_away;
		pthread_mutex_lock(&w->lock);
		if (!w->ending && list_is_empty(&w->ended))
			cond_wait_until(&w->some, &w->lock, clock_mono() + USEC_PER_SEC);
		else if (is_away)
			cond_wait_until(&w->some, &w->lock, clock_mono() + clock_jitter(USEC_PER_SEC));
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct webhooks *webhooks_start(const struct services *services)
{
	struct webhooks *w = xcalloc(1, sizeof *w);
	w->services = services;
	w->has.cap = 65536;
	w->looked = -SECRETS_USEC;
	list_init(&w->sent);
	list_init(&w->ended);
	pthread_mutex_init(&w->lock, NULL);
	cond_init_mono(&w->some);
	thread_start(&w->thread, 0, webhooks_main, w, "webhooks");
	return w;
}

void webhooks_stop(struct webhooks *w)
{
	struct err err;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_signal(&w->some);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_mutex_lock(&w->lock);
	for (struct list *l = w->sent.next; l != &w->sent; l = l->next)
		net_cancel(w->services->engine, list_entry(l, struct delivery, link)->transfer, ERR_SHUTDOWN);
	while (w->n_sent > 0)
		cond_wait_until(&w->some, &w->lock, clock_mono() + USEC_PER_SEC);
	pthread_mutex_unlock(&w->lock);
	if (w->pg != NULL && !pg_is_broken(w->pg) && report_ended(w, &err) < 0)
		log_event(LOG_WARN, "deliveries of webhooks were not reported, they are tried again", "code=%s", err_name(err.code));
	while (!list_is_empty(&w->ended)) {
		struct delivery *d = list_entry(w->ended.next, struct delivery, link);
		list_remove(&d->link);
		free(d);
	}
	pg_close(w->pg);
	strbuf_release(&w->has);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->some);
	free(w);
}
