#pragma once
/* The words that the database and both binaries share. */

/* ai_messages.processing_status: enum suffix, word in the database */
#define STATUSES(X)                 \
	X(PENDING, "pending")       \
	X(QUEUED, "queued")         \
	X(PROCESSING, "processing") \
	X(COMPLETED, "completed")   \
	X(FAILED, "failed")         \
	X(CANCELLED, "cancelled")

/* Outcomes of an attempt, for the SQL function settle(): enum suffix, word */
#define OUTCOMES(X)                     \
	X(COMPLETED, "completed")       \
	X(ERROR, "error")               \
	X(RATE_LIMITED, "rate_limited") \
	X(RELEASED, "released")         \
	X(GONE, "gone")

enum status {
#define X(name, word) STATUS_##name,
	STATUSES(X)
#undef X
		STATUS_N
};

enum outcome {
#define X(name, word) OUTCOME_##name,
	OUTCOMES(X)
#undef X
		OUTCOME_N
};

/* NOTIFY channels. Notifications are hints: every listener also polls. */
#define CHANNEL_WORK "signalbox_work"       /* a claim is possible; sent only if a worker sleeps */
#define CHANNEL_COMMAND "signalbox_command" /* a row of signalbox.work waits */
#define CHANNEL_STOP "signalbox_stop"       /* payload: worker id; it checks its stop requests */
#define CHANNEL_WATCH "signalbox_watch"     /* payload: message id; a client watches it */
#define CHANNEL_ENDED "signalbox_ended"     /* payload: message id; it ended, and a client waits for that over HTTP */
#define CHANNEL_CHANGED "signalbox_changed" /* consoles should read again */
