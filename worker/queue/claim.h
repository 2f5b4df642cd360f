#pragma once
/*
 * The one thread that claims messages: one batched claim for all free slots. It is woken by NOTIFY
 * or by a freed slot, and also polls. After a claim that found nothing it claims again after 2, 20
 * and 100 ms before it sleeps: a dispatch that commits before the database knows that this worker
 * sleeps sends no notification.
 */
#include "worker/queue/lease.h"
#include "worker/services.h"

struct claim;

/* Must exist as long as the stage threads may call claim_has_room(). The caller owns it. */
struct claim *claim_new(const struct services *, struct lease *, void (*on_watched)(void *ctx), void *ctx);
void claim_free(struct claim *);
void claim_start(struct claim *);
/* Ends the thread, after a claim that is in progress. No new work arrives after that. */
void claim_stop(struct claim *);
/* An attempt left its place, or has ended (the next message of its session may be ready). Any
 * thread. */
void claim_has_room(struct claim *, bool has_ended);
