#pragma once
/*
 * Tells webhooks what has happened: a thread with a connection takes what is due from the database, a few at a time,
 * sends it as Standard Webhooks 1.0 says, and reports what came of it. A delivery is a row: it is tried again by
 * whichever worker has the secret (sql/functions/worker/webhook_done.sql says when). Delivered at least once.
 */
#include "shared/str.h"
#include "worker/services.h"

struct webhooks;

struct webhooks *webhooks_start(const struct services *);
/* Ends what is under way: it is tried again by another worker. Before engine_stop(). */
void webhooks_stop(struct webhooks *);

/* Writes the value of the header webhook-signature: "v1," and the HMAC of "ID.TIMESTAMP.PAYLOAD" in base64. secret: as
 * the standard writes it, "whsec_" and base64, or any other text, whose bytes are the key. -1: what follows whsec_ is no
 * base64. Pure. */
#define WEBHOOK_SIGNATURE 48
int webhook_sign(const char *secret, const char *id, long long timestamp, struct str payload, char out[static WEBHOOK_SIGNATURE]);
