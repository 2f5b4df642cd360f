#pragma once
/*
 * The one thread that takes work: one batched claim for the free slots only, woken by NOTIFY or by a freed slot, polling besides. After a
 * claim that found nothing it looks again after 2, 20 and 100 ms before it sleeps: a dispatch that committed while the database did not
 * yet know that this worker sleeps sends no notification.
 */
#include "worker/queue/lease.h"
#include "worker/services.h"

struct claim;

/* Made before and freed after the stage threads may call claim_slot_freed; caller owns. */
struct claim *claim_new(const struct services *, struct lease *, void (*on_watched)(void *ctx), void *ctx);
void claim_free(struct claim *);
void claim_start(struct claim *);
/* No new work from now on: ends the thread, after the claim it may be in. */
void claim_stop(struct claim *);
/* A job ended: there is room. Any thread. */
void claim_slot_freed(struct claim *);
