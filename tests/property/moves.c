/*
 * What actors can do, one table: how often, which statement, what must come of it, what the model remembers when it is committed.
 */
#include "tests/property/property.h"

#include "shared/str.h"

#define TRIES 3
#define HOLD_MAX 8 /* jobs that a worker keeps before it prefers to settle */
#define THREADS 3  /* sessions by thread key, of each agent */
#define KEYS 4     /* idempotency keys, of each agent */

void say_op(struct op *op, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(op->said, sizeof op->said, fmt, ap);
	va_end(ap);
}

void sql_op(struct op *op, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (vsnprintf(op->sql, sizeof op->sql, fmt, ap) >= (int)sizeof op->sql)
		BUG("statement too long: %.100s", op->sql);
	va_end(ap);
}

/* ---------------------------------------------------------------- applications */

/* The session in which it is said: a known one, one by its thread (found or made, perhaps by two at once), or a new one. */
static void add_session(struct history *h, struct op *op, char *args, size_t size)
{
	int way = pick(h, 10), from = h->n_messages > 0 ? pick(h, h->n_messages) : 0;
	if (op->key[0] != '\0' || way < (h->mood == EVEN ? 5 : 8))
		snprintf(args, size, ", user_id => 'u', thread_key => 't%d'", pick(h, h->mood == CROWDED ? 1 : 3));
	else if (way < (h->mood == EVEN ? 8 : 9) && h->n_messages > 0 && h->messages[from].agent == op->agent)
		snprintf(args, size, ", session => '%s'", h->messages[from].session);
	else
		args[0] = '\0';
}

static bool build_dispatch(struct history *h, struct actor *a, struct op *op)
{
	char session[100], more[200] = "";
	(void)a;
	if (h->n_messages > MESSAGES_MAX - ACTORS_MAX)
		return false;
	op->agent = pick(h, h->n_agents);
	snprintf(op->nonce, sizeof op->nonce, "n%d", h->step);
	if (h->plan == NULL && chance(h, 15)) {
		int key = pick(h, KEYS);
		snprintf(op->key, sizeof op->key, "g%d-k%d", op->agent, key);
		snprintf(op->nonce, sizeof op->nonce, "said with %s", op->key);
		snprintf(more, sizeof more, ", idempotency_key => '%s'", op->key);
	}
	if (h->has_priorities && chance(h, 50))
		snprintf(more + strlen(more), sizeof more - strlen(more), ", priority => %d", pick(h, 4) - 1);
	if (chance(h, 12))
		snprintf(more + strlen(more), sizeof more - strlen(more), ", run_after => clock_timestamp() + interval '%d s'",
		         2 + pick(h, 60));
	if (h->plan != NULL) {
		op->agent = h->messages[h->plan_message].agent;
		snprintf(session, sizeof session, ", session => '%.36s'", h->messages[h->plan_message].session);
	} else {
		add_session(h, op, session, sizeof session);
	}
	sql_op(op, "select message_id, session_id from signalbox.dispatch('%s', '%s'%s%s)", h->agents[op->agent].slug, op->nonce,
	       session, more);
	say_op(op, "dispatch '%s' to %s%s%.80s", op->nonce, h->agents[op->agent].slug, session, more);
	return true;
}

static void dispatched(struct history *h, struct actor *a, struct op *op)
{
	const char *uuid = rows_at(&op->rows, 0, 0);
	note(h, "actor %d: '%s' is message %.8s of session %.8s", a->index, op->nonce, uuid, rows_at(&op->rows, 0, 1));
	look(h, "select prop.note_sent('%s', '%s', nullif('%s', ''))", uuid, op->nonce, op->key);
	if (message_at(h, uuid) >= 0)
		return;
	struct message *m = &h->messages[h->n_messages++];
	*m = (struct message){ .agent = op->agent };
	snprintf(m->uuid, sizeof m->uuid, "%s", uuid);
	snprintf(m->nonce, sizeof m->nonce, "%s", op->nonce);
	snprintf(m->session, sizeof m->session, "%s", rows_at(&op->rows, 0, 1));
}

/* ---------------------------------------------------------------- operators */

/* A message, and what an operator sees of it. Mostly one that is in one of these states, and then mostly a younger one. */
static bool target(struct history *h, struct op *op, const char *states, const char **status, bool *is_held)
{
	struct rows r = look(h,
	                     "select m.uuid, m.processing_status, q.retry_at is not null from signalbox.ai_messages m "
	                     "left join signalbox.queue q on q.message_id = m.id where m.role = 'assistant' "
	                     "and (%s or m.processing_status = any (string_to_array('%s', ' '))) order by m.id desc limit 30",
	                     chance(h, 25) ? "true" : "false", states);
	if (r.n_rows == 0)
		return false;
	int at = pick(h, r.n_rows);
	op->message = message_at(h, rows_at(&r, at, 0));
	*status = rows_at(&r, at, 1);
	*is_held = rows_bool(&r, at, 2);
	if (op->message < 0)
		wrong(h, "message %s belongs to nobody", rows_at(&r, at, 0));
	return op->message >= 0;
}

static bool act(struct history *h, struct op *op, const char *name, const char *more, const char *legal, const char *wanted)
{
	const char *status;
	bool is_held;
	if (!target(h, op, wanted, &status, &is_held))
		return false;
	/* The operator saw something, perhaps no longer true. */
	const char *seen = chance(h, 80) ? "null" : chance(h, 80) ? text("'%s'", status) : "'pending'";
	bool is_seen = strcmp(seen, "null") == 0 || strcmp(seen, text("'%s'", status)) == 0;
	op->expect = strstr(legal, status) != NULL && is_seen ? ERR_OK : ERR_REFUSED;
	sql_op(op, "select signalbox.%s('%s', 'op', null, %s%s)", name, h->messages[op->message].uuid, seen, more);
	say_op(op, "%s message %.8s (%s)", name, h->messages[op->message].uuid, status);
	return true;
}

static bool build_cancel(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	return act(h, op, "cancel", "", "pending queued processing", chance(h, 60) ? "processing" : "pending queued");
}

/* What comes back, and what steps back for it, is found by the next sweep at the latest. */
static void retried(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	for (int i = 0; i < h->n_messages; i++)
		if (strcmp(h->messages[i].session, h->messages[op->message].session) == 0)
			h->messages[i].is_swept = false;
}

/* Who ran it must be told. */
static void cancelled(struct history *h, struct actor *a, struct op *op)
{
	const char *job = look_one(h,
	                           "select h.was_job from prop.history h join signalbox.ai_messages m on m.id = h.message_id "
	                           "where m.uuid = '%s' and h.was = 'processing' and h.becomes = 'cancelled' and h.n = "
	                           "(select max(n) from prop.history x where x.message_id = m.id and x.becomes = 'cancelled')",
	                           h->messages[op->message].uuid);
	int i = job[0] != '\0' ? job_at(h, job) : -1;
	retried(h, a, op);
	if (i >= 0 && !h->jobs[i].is_told && strcmp(h->actors[h->jobs[i].actor].worker, h->jobs[i].worker) == 0)
		h->jobs[i].stop_due = h->step;
}

static bool build_retry(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	return act(h, op, "retry", "", "failed cancelled", "failed cancelled");
}

static bool build_hold(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	return act(h, op, "retry_hold", ", '5 s'", "failed", "failed");
}

static bool build_undo(struct history *h, struct actor *a, struct op *op)
{
	const char *status;
	bool is_held;
	(void)a;
	if (!target(h, op, "failed", &status, &is_held))
		return false;
	op->expect = is_held ? ERR_OK : ERR_REFUSED;
	sql_op(op, "select signalbox.retry_undo('%s', 'op')", h->messages[op->message].uuid);
	say_op(op, "retry_undo message %.8s", h->messages[op->message].uuid);
	return true;
}

static bool build_pause(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	op->agent = pick(h, h->n_agents);
	sql_op(op, "select signalbox.pause_agent('%s', 'op', 'test')", h->agents[op->agent].slug);
	say_op(op, "pause %s", h->agents[op->agent].slug);
	return true;
}

static void paused(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	h->agents[op->agent].paused = h->step;
}

static bool build_resume(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	op->agent = pick(h, h->n_agents);
	h->agents[op->agent].paused = 0;
	sql_op(op, "select signalbox.resume_agent('%s', 'op')", h->agents[op->agent].slug);
	say_op(op, "resume %s", h->agents[op->agent].slug);
	return true;
}

static bool build_configure(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	op->agent = pick(h, h->n_agents);
	sql_op(op, "select signalbox.agent_set('%s', '{\"name\": \"n%d\"}', 'op')", h->agents[op->agent].slug, h->step);
	say_op(op, "agent_set %s", h->agents[op->agent].slug);
	return true;
}

/* ---------------------------------------------------------------- workers */

void worker_begins(struct history *h, struct actor *a)
{
	snprintf(a->worker, sizeof a->worker, "%08x-0000-4000-8000-%012x", (unsigned)pick(h, 0x7fffffff), (unsigned)a->index);
	look(h, "select signalbox.worker_hello('%s', 'w%d', '0', 8, %s, '%d s')", a->worker, a->index, a->agents, LEASE);
	a->lease_ms = LEASE * 1000;
	a->maybe_lost = false;
	note(h, "actor %d is worker %.8s%s%s", a->index, a->worker, a->agents[0] == 'a' ? " for " : "",
	     a->agents[0] == 'a' ? a->agents : "");
}

static void may_lose_all(struct history *h, const char *incarnation)
{
	for (int i = 0; i < h->n_jobs; i++)
		if (strcmp(h->jobs[i].worker, incarnation) == 0)
			h->jobs[i].could_lose = true;
}

bool worker_dies(struct history *h, struct actor *a)
{
	int held = 0;
	for (int i = 0; i < h->n_jobs; i++)
		held += h->jobs[i].is_known && !h->jobs[i].was_sent && strcmp(h->jobs[i].worker, a->worker) == 0;
	if (a->in_flight || a->in_tx || held < (h->mood == DYING ? 2 : 0) ||
	    strcmp(look_one(h, "select prop.expire('%s')", a->worker), "t") != 0)
		return false;
	note(h, "actor %d: worker %.8s dies, holding %d", a->index, a->worker, held);
	/* Sessions are locked in their order: the first is the one to wait for. */
	int first =
		message_at(h, look_one(h,
	                               "select m.uuid from signalbox.queue q join signalbox.ai_messages m on m.id = q.message_id "
	                               "where q.worker_id = '%s' and q.state = 'running' order by q.session_id limit 1",
	                               a->worker));
	if (first >= 0)
		plan_after_death(h, a->index, first);
	may_lose_all(h, a->worker);
	memcpy(a->dead, a->worker, sizeof a->dead);
	worker_begins(h, a);
	return true;
}

void time_passes(struct history *h, int seconds)
{
	note(h, "%d s pass", seconds);
	look(h, "select prop.pass_time('%d s')", seconds);
	for (int i = 0; i < h->n_workers; i++) {
		struct actor *a = &h->actors[i];
		a->lease_ms -= seconds * 1000;
		if (a->lease_ms < MARGIN * 1000) {
			a->maybe_lost = true;
			may_lose_all(h, a->worker);
		}
	}
	for (int i = 0; i < h->n_jobs; i++) {
		h->jobs[i].held_ms += seconds * 1000;
		h->jobs[i].could_lose |= h->jobs[i].held_ms > (TIMEOUT + 60 - MARGIN) * 1000;
	}
}

static bool build_claim(struct history *h, struct actor *a, struct op *op)
{
	int slots = 1 + pick(h, h->slots), held = 0;
	for (int i = 0; i < h->n_jobs; i++)
		held += h->jobs[i].actor == a->index && !h->jobs[i].was_sent && strcmp(h->jobs[i].worker, a->worker) == 0;
	if (h->n_jobs > JOBS_MAX - ACTORS_MAX * SLOTS_MAX || (held > HOLD_MAX && chance(h, 80)))
		return false;
	bool is_dead = a->dead[0] != '\0' && chance(h, 4);
	op->n_jobs = slots;
	op->expect = is_dead ? ERR_REFUSED : a->maybe_lost ? ERR_N : ERR_OK;
	sql_op(op, "select message_id, message_uuid, job_id, agent_id from signalbox.claim('%s', %d, '%d s')",
	       is_dead ? a->dead : a->worker, slots, TIMEOUT);
	say_op(op, "%sclaim(%d)", is_dead ? "dead worker's " : "", slots);
	if (!is_dead)
		judge_claim_sent(h);
	return true;
}

static void claim_answered(struct history *h, struct actor *a, struct op *op)
{
	char what[200] = "";
	for (int i = 0; i < op->rows.n_rows; i++)
		snprintf(what + strlen(what), sizeof what - strlen(what), " %.8s", rows_at(&op->rows, i, 1));
	note(h, "actor %d gets%s", a->index, what[0] != '\0' ? what : " nothing");
	judge_claim_answered(h, a, op);
}

static void claimed(struct history *h, struct actor *a, struct op *op)
{
	bool is_known = !chance(h, 7);
	if (!is_known)
		note(h, "actor %d does not learn what it got", a->index);
	for (int i = 0; i < op->rows.n_rows; i++) {
		int m = message_at(h, rows_at(&op->rows, i, 1));
		if (m < 0) {
			hear_dispatches(h);
			m = message_at(h, rows_at(&op->rows, i, 1));
		}
		if (m < 0) {
			wrong(h, "claim gives message %s, which nobody sent", rows_at(&op->rows, i, 1));
			return;
		}
		struct job *j = &h->jobs[h->n_jobs++];
		*j = (struct job){ .message = m, .actor = a->index, .is_known = is_known };
		snprintf(j->uuid, sizeof j->uuid, "%s", rows_at(&op->rows, i, 2));
		memcpy(j->worker, a->worker, sizeof j->worker);
		j->could_lose = a->maybe_lost;
		h->messages[m].id = rows_int(&op->rows, i, 0, 0);
		h->messages[m].is_swept = false;
		h->n_claimed++;
	}
	judge_claim_committed(h, a, op, false);
}

static void claim_undone(struct history *h, struct actor *a, struct op *op)
{
	judge_claim_committed(h, a, op, true);
}

static void choose_outcome(struct history *h, struct job *j)
{
	int n = h->plan != NULL ? plan_outcome(h) : pick(h, 100);
	bool is_permanent = chance(h, 30);
	const char *o = j->is_told || (j->could_lose && n < 10) ? "gone"
	                : n < 55                                ? "completed"
	                : n < 78                                ? "error"
	                : n < 88                                ? "rate_limited"
	                : n < 97 || !j->could_lose              ? "released"
	                                                        : "gone";
	snprintf(j->outcome, sizeof j->outcome, "%s", o);
	j->was_called = strcmp(o, "released") != 0 && chance(h, 90);
	j->could_lose |= strcmp(o, "gone") == 0;
	const struct message *m = &h->messages[j->message];
	char record[sizeof j->record];
	snprintf(
		record, sizeof record,
		"{\"message_id\":%lld,\"job_id\":\"%s\",\"outcome\":\"%s\",\"content\":\"answer %s %s\","
		"\"error_class\":\"server_error\",\"error\":\"x\","
		"\"is_permanent\":%s,\"provider\":\"p\",\"model_asked\":\"gpt-4o-mini\",\"model\":\"gpt-4o-mini\",\"tokens_prompt\":10,"
		"\"tokens_completion\":5,\"is_estimated\":false,\"was_called\":%s,\"generation_ms\":5,\"wait_ms\":%d}",
		(long long)m->id, j->uuid, o, m->nonce, j->uuid, strcmp(o, "error") == 0 && is_permanent ? "true" : "false",
		j->was_called ? "true" : "false", 1000 + pick(h, 30000));
	memcpy(j->record, record, sizeof record);
}

/* Adds jobs to the batch: of this incarnation, already sent or not. */
static void gather(struct history *h, struct actor *a, struct op *op, const char *incarnation, bool was_sent, int max)
{
	int start = h->n_jobs > 0 ? pick(h, h->n_jobs) : 0;
	for (int i = 0; i < h->n_jobs && op->n_jobs < max; i++) {
		int at = (start + i) % h->n_jobs;
		struct job *j = &h->jobs[at];
		if (j->actor == a->index && j->is_known && j->was_sent == was_sent && strcmp(j->worker, incarnation) == 0 &&
		    plan_settles(h, j->message))
			op->jobs[op->n_jobs++] = at;
	}
}

static bool build_settle(struct history *h, struct actor *a, struct op *op)
{
	const char *incarnation = a->worker;
	struct strbuf sql = STRBUF_INIT(sizeof op->sql), said = STRBUF_INIT(400);
	bool is_patient = chance(h, 10); /* of a version that waits for locks */
	/* Sometimes an earlier incarnation comes to life again, and sometimes a batch is sent twice. */
	if (plan_is_late(h) || chance(h, h->plan == NULL ? 20 : 0))
		for (int i = h->n_jobs - 1; i >= 0; i--)
			if (h->jobs[i].actor == a->index && !h->jobs[i].was_sent && h->jobs[i].is_known &&
			    strcmp(h->jobs[i].worker, a->worker) != 0)
				incarnation = h->jobs[i].worker;
	gather(h, a, op, incarnation, h->plan == NULL && chance(h, 8), h->plan != NULL ? 1 : 1 + pick(h, SLOTS_MAX - 2));
	if (op->n_jobs == 0)
		return false;
	op->is_again = h->jobs[op->jobs[0]].was_sent;
	op->is_patient = is_patient;
	strbuf_addf(&sql, "select job_id, result from signalbox.%s('%s', '[", is_patient ? "settle" : "settle_batch",
	            incarnation);
	for (int i = 0; i < op->n_jobs; i++) {
		struct job *j = &h->jobs[op->jobs[i]];
		if (j->outcome[0] == '\0')
			choose_outcome(h, j);
		strbuf_addf(&sql, "%s%s", i > 0 ? "," : "", j->record);
		strbuf_addf(&said, " %.8s %s%s", h->messages[j->message].uuid, j->outcome, j->was_sent ? " again" : "");
		j->was_sent = true;
	}
	strbuf_addf(&sql, "]', %d, '30 s'%s)", TRIES, is_patient ? "" : ", true");
	sql_op(op, "%s", strbuf_text(&sql));
	say_op(op, "%ssettle:%.160s", incarnation != a->worker ? "dead worker's " : "", strbuf_text(&said));
	strbuf_release(&sql);
	strbuf_release(&said);
	return true;
}

static void settled(struct history *h, struct actor *a, struct op *op)
{
	char what[200] = "";
	for (int i = 0; i < op->n_jobs; i++) {
		const struct job *j = &h->jobs[op->jobs[i]];
		const char *result = NULL;
		for (int r = 0; r < op->rows.n_rows; r++)
			if (strcmp(rows_at(&op->rows, r, 0), j->uuid) == 0)
				result = rows_at(&op->rows, r, 1);
		if (result == NULL || op->rows.n_rows != op->n_jobs) {
			wrong(h, "settle of %d jobs answers %d rows, job %s %s", op->n_jobs, op->rows.n_rows, j->uuid,
			      result != NULL ? result : "none");
			return;
		}
		snprintf(what + strlen(what), sizeof what - strlen(what), " %.8s %s", h->messages[j->message].uuid, result);
		if (strcmp(result, "busy") == 0) { /* to be said again */
			h->jobs[op->jobs[i]].was_sent = op->is_again;
			continue;
		}
		look(h,
		     "insert into prop.acked (job_id, message, outcome, result, was_called, could_lose) values ('%s', '%s', '%s', '%s', %s, %s)",
		     j->uuid, h->messages[j->message].uuid, j->outcome, result, j->was_called ? "true" : "false",
		     j->could_lose ? "true" : "false");
	}
	note(h, "actor %d settled%s", a->index, what);
}

/* The worker does not know whether it arrived: it did not, so it is to be sent again, unless an earlier one did. */
static void settle_undone(struct history *h, struct actor *a, struct op *op)
{
	(void)a;
	for (int i = 0; i < op->n_jobs; i++)
		h->jobs[op->jobs[i]].was_sent = op->is_again;
}

static bool build_renew(struct history *h, struct actor *a, struct op *op)
{
	(void)h;
	sql_op(op, "select array_to_string(stop, ' ') from signalbox.worker_renew('%s', '%d s', false)", a->worker, LEASE);
	say_op(op, "renew");
	return true;
}

static void renewed(struct history *h, struct actor *a, struct op *op)
{
	if (op->rows.n_rows == 0) {
		if (!a->maybe_lost)
			wrong(h, "actor %d: worker %s lost its lease before its time", a->index, a->worker);
		may_lose_all(h, a->worker);
		memcpy(a->dead, a->worker, sizeof a->dead);
		worker_begins(h, a);
		return;
	}
	a->lease_ms = LEASE * 1000;
	a->maybe_lost = false;
	for (int i = 0; i < h->n_jobs; i++) {
		struct job *j = &h->jobs[i];
		if (strcmp(j->worker, a->worker) != 0)
			continue;
		if (strstr(rows_at(&op->rows, 0, 0), j->uuid) != NULL) {
			j->is_told = true;
			j->stop_due = 0;
		} else if (j->stop_due > 0 && j->stop_due < op->sent_step && !j->was_sent) {
			wrong(h, "actor %d: job %s was cancelled at step %d, its worker was not told", a->index, j->uuid,
			      j->stop_due);
		}
	}
}

static bool build_bye(struct history *h, struct actor *a, struct op *op)
{
	sql_op(op, "select signalbox.worker_bye('%s')", a->worker);
	say_op(op, "bye");
	may_lose_all(h, a->worker);
	return true;
}

static void went(struct history *h, struct actor *a, struct op *op)
{
	(void)op;
	memcpy(a->dead, a->worker, sizeof a->dead);
	worker_begins(h, a);
}

static bool build_disown(struct history *h, struct actor *a, struct op *op)
{
	struct strbuf known = STRBUF_INIT(sizeof op->sql);
	bool any = false;
	for (int i = 0; i < h->n_jobs; i++) {
		struct job *j = &h->jobs[i];
		if (strcmp(j->worker, a->worker) != 0)
			continue;
		if (j->is_known && !j->was_sent)
			strbuf_addf(&known, "%s%s", known.len > 0 ? "," : "", j->uuid);
		any |= !j->is_known;
		j->could_lose |= !j->is_known;
	}
	if (any)
		sql_op(op, "select signalbox.worker_disown('%s', '{%s}')", a->worker, strbuf_text(&known));
	say_op(op, "disown");
	strbuf_release(&known);
	return any;
}

static bool build_stream(struct history *h, struct actor *a, struct op *op)
{
	gather(h, a, op, a->worker, false, 1);
	if (op->n_jobs == 0)
		return false;
	const struct job *j = &h->jobs[op->jobs[0]];
	sql_op(op, "select * from signalbox.stream_put(array[%lld], array['%s'::uuid], array[0], array['word'])",
	       (long long)h->messages[j->message].id, j->uuid);
	say_op(op, "stream_put %.8s", h->messages[j->message].uuid);
	return true;
}

static bool build_tick(struct history *h, struct actor *a, struct op *op)
{
	(void)h;
	(void)a;
	sql_op(op, "select signalbox.tick()");
	say_op(op, "tick");
	return true;
}

static bool build_tend(struct history *h, struct actor *a, struct op *op)
{
	(void)h;
	(void)a;
	sql_op(op, "select prop.tend()");
	say_op(op, "tend");
	return true;
}

/* One at a time does it; another comes back at once. What a transaction of another worker holds is swept the next time. */
static void tended(struct history *h, struct actor *a, struct op *op)
{
	for (int i = 0; i < h->n_actors; i++)
		if (i != a->index && (h->actors[i].op.move == op->move || (h->actors[i].kind == WORKER && h->actors[i].in_tx)))
			return;
	if (op->sent_step == h->step)
		judge_swept(h);
}

const struct move MOVES[] = {
	{ "dispatch", APPLICATION, { 1, 1, 1 }, true, build_dispatch, NULL, dispatched, NULL },
	{ "cancel", OPERATOR, { 5, 5, 2 }, true, build_cancel, NULL, cancelled, NULL },
	{ "retry", OPERATOR, { 4, 5, 3 }, true, build_retry, NULL, retried, NULL },
	{ "retry_hold", OPERATOR, { 1, 1, 1 }, true, build_hold, NULL, NULL, NULL },
	{ "retry_undo", OPERATOR, { 1, 1, 1 }, true, build_undo, NULL, NULL, NULL },
	{ "pause", OPERATOR, { 1, 0, 0 }, true, build_pause, NULL, paused, NULL },
	{ "resume", OPERATOR, { 3, 1, 1 }, true, build_resume, NULL, NULL, NULL },
	{ "agent_set", OPERATOR, { 1, 1, 1 }, true, build_configure, NULL, NULL, NULL },
	{ "watch", STRANGER, { 1, 1, 1 }, true, build_watch, NULL, NULL, NULL },
	{ "lock a session", STRANGER, { 3, 3, 3 }, true, build_lock_session, NULL, NULL, NULL },
	{ "lock a message", STRANGER, { 3, 3, 3 }, true, build_lock_message, NULL, NULL, NULL },
	{ "lock all names", STRANGER, { 1, 1, 1 }, true, build_lock_names, NULL, NULL, NULL },
	{ "claim", WORKER, { 38, 38, 40 }, true, build_claim, claim_answered, claimed, claim_undone },
	{ "settle", WORKER, { 42, 42, 24 }, true, build_settle, NULL, settled, settle_undone },
	{ "renew", WORKER, { 10, 8, 6 }, true, build_renew, NULL, renewed, NULL },
	{ "bye", WORKER, { 1, 1, 1 }, true, build_bye, NULL, went, NULL },
	{ "disown", WORKER, { 3, 3, 3 }, true, build_disown, NULL, NULL, NULL },
	{ "stream_put", WORKER, { 2, 2, 1 }, true, build_stream, NULL, NULL, NULL },
	{ "tick", WORKER, { 8, 8, 10 }, true, build_tick, NULL, NULL, NULL },
	{ "tend", WORKER, { 8, 6, 4 }, false, build_tend, NULL, tended, NULL },
};
const int N_MOVES = ARRAY_SIZE(MOVES);

const struct move *move_called(const char *name)
{
	for (int i = 0; i < N_MOVES; i++)
		if (strcmp(MOVES[i].name, name) == 0)
			return &MOVES[i];
	BUG("no move is called %s", name);
}
