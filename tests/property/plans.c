/*
 * Races of three or four that chance alone seldom brings together, each known from somebody's queue. A plan says only who does what in the next
 * few steps; the rest of the history goes on being random, and is judged like everything else.
 */
#include "tests/property/property.h"

#define STAGES_MAX 4

static const struct plan {
	enum mood mood;
	bool is_death;   /* begins when a worker dies that holds messages, and settles as that one, late */
	bool is_the_one; /* settles the message it is about, else others */
	int outcome;     /* see choose_outcome: 0 completed, 96 released */
	struct {
		enum kind kind;
		enum { ANYBODY, THE_ACTOR, ANOTHER } who;
		const char *move;
		bool is_open;
	} stages[STAGES_MAX];
} PLANS[] = {
	/* A rescue passes over the session of the first, which somebody else has locked; another is settled late, and somebody takes it. */
	{ DYING,
	  true,
	  false,
	  96,
	  { { APPLICATION, ANYBODY, "dispatch", true },
	    { WORKER, ANOTHER, "tick", false },
	    { WORKER, THE_ACTOR, "settle", false },
	    { WORKER, ANOTHER, "claim", false } } },
	/* A zombie: rescued, taken by another, settled by the first. */
	{ DYING,
	  true,
	  true,
	  0,
	  { { WORKER, ANOTHER, "tick", false }, { WORKER, ANOTHER, "claim", false }, { WORKER, THE_ACTOR, "settle", false } } },
	/* A dispatch that is not committed looks at its session, and so does the settling of what runs there. */
	{ CROWDED, false, true, 0, { { APPLICATION, ANYBODY, "dispatch", true }, { WORKER, THE_ACTOR, "settle", false } } },
};

static void begin(struct history *h, bool is_death, int actor, int message)
{
	int first = pick(h, ARRAY_SIZE(PLANS));
	for (int i = 0; i < (int)ARRAY_SIZE(PLANS); i++) {
		const struct plan *p = &PLANS[(first + i) % (int)ARRAY_SIZE(PLANS)];
		if (p->mood != h->mood || p->is_death != is_death)
			continue;
		h->plan = p;
		h->plan_stage = 0;
		h->plan_actor = actor;
		h->plan_message = message;
		return;
	}
}

void plan_after_death(struct history *h, int actor, int message)
{
	if (chance(h, 70))
		begin(h, true, actor, message);
}

/* About a message that somebody has in work. */
static void begin_any(struct history *h)
{
	int first = h->n_jobs > 0 ? pick(h, h->n_jobs) : 0;
	for (int i = 0; i < h->n_jobs; i++) {
		const struct job *j = &h->jobs[(first + i) % h->n_jobs];
		if (!j->was_sent && j->is_known && !j->could_lose) {
			begin(h, false, j->actor, j->message);
			return;
		}
	}
}

bool plan_settles(const struct history *h, int message)
{
	return h->plan == NULL || (message == h->plan_message) == h->plan->is_the_one;
}

bool plan_is_late(const struct history *h)
{
	return h->plan != NULL && h->plan->is_death;
}

int plan_outcome(const struct history *h)
{
	return h->plan->outcome;
}

/* Plays the next stage, if there is one and somebody free for it. False: the step is still to be taken. */
bool plan_step(struct history *h)
{
	if (h->plan == NULL && chance(h, 8))
		begin_any(h);
	if (h->plan == NULL)
		return false;
	int at = h->plan_stage, first = pick(h, h->n_actors);
	const char *move = h->plan->stages[at].move;
	for (int i = 0; i < h->n_actors; i++) {
		struct actor *a = &h->actors[(first + i) % h->n_actors];
		bool is_the_actor = a->index == h->plan_actor;
		if (a->kind != h->plan->stages[at].kind || a->in_flight || a->in_tx ||
		    (h->plan->stages[at].who == ANOTHER && is_the_actor) ||
		    (h->plan->stages[at].who == THE_ACTOR && !is_the_actor))
			continue;
		actor_does(h, a, move_called(move), h->plan->stages[at].is_open ? 100 : 0);
		if (a->in_tx)
			a->tx_ends = h->step + STAGES_MAX;
		break;
	}
	if (++h->plan_stage == STAGES_MAX || h->plan->stages[h->plan_stage].move == NULL)
		h->plan = NULL;
	return true;
}
