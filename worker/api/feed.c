/* A reader that takes nothing for ten seconds, although there is something to take, is cut off by the library. */
#include "worker/api/feed.h"

#include <pthread.h>
#include <stdatomic.h>

#define FEED_MAX (256u << 10) /* bytes that the reader has not taken */
#define FEED_BLOCK 4096

struct feed {
	pthread_mutex_t lock; /* guards the fields below */
	struct strbuf text;   /* the first `sent` bytes were taken */
	size_t sent;
	struct MHD_Connection *connection;
	bool is_suspended, is_ended;
	atomic_bool is_gone;
	atomic_int holders; /* its maker, the library */
};

struct feed *feed_new(void)
{
	struct feed *f = xcalloc(1, sizeof *f);
	pthread_mutex_init(&f->lock, NULL);
	f->text.cap = FEED_MAX;
	atomic_store(&f->holders, 2);
	return f;
}

static void feed_release(struct feed *f)
{
	if (atomic_fetch_sub(&f->holders, 1) > 1)
		return;
	strbuf_release(&f->text);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* The library goes on with it. A suspended connection cannot be closed meanwhile. With the lock. */
static void feed_resume(struct feed *f)
{
	if (!f->is_suspended)
		return;
	f->is_suspended = false;
	MHD_resume_connection(f->connection);
}

size_t feed_room(struct feed *f)
{
	pthread_mutex_lock(&f->lock);
	size_t room = FEED_MAX - 1 - f->text.len;
	pthread_mutex_unlock(&f->lock);
	return room;
}

void feed_add(struct feed *f, struct str text)
{
	pthread_mutex_lock(&f->lock);
	strbuf_add(&f->text, text.ptr, text.len);
	feed_resume(f);
	pthread_mutex_unlock(&f->lock);
}

bool feed_is_gone(struct feed *f)
{
	return atomic_load(&f->is_gone);
}

void feed_end(struct feed *f)
{
	pthread_mutex_lock(&f->lock);
	f->is_ended = true;
	feed_resume(f);
	pthread_mutex_unlock(&f->lock);
	feed_release(f);
}

/* Called by the library when the socket takes more. 0: nothing is there yet, and the connection is suspended until
 * feed_add() or feed_end(). */
static ssize_t feed_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct feed *f = arg;
	(void)pos;
	pthread_mutex_lock(&f->lock);
	size_t n = MIN(f->text.len - f->sent, max);
	ssize_t result = (ssize_t)n;
	if (n > 0) {
		memcpy(buf, f->text.ptr + f->sent, n);
		f->sent += n;
		if (f->sent == f->text.len) {
			strbuf_clear(&f->text);
			f->sent = 0;
		}
	} else if (f->is_ended) {
		result = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		f->is_suspended = true;
		MHD_suspend_connection(f->connection);
	}
	pthread_mutex_unlock(&f->lock);
	return result;
}

void feed_left(void *arg)
{
	struct feed *f = arg;
	atomic_store(&f->is_gone, true);
	feed_release(f);
}

struct MHD_Response *feed_response(struct feed *f, struct MHD_Connection *connection)
{
	f->connection = connection; /* feed_resume() looks at it only after feed_read() */
	struct MHD_Response *m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, FEED_BLOCK, feed_read, f, feed_left);
	if (m == NULL)
		feed_left(f);
	return m;
}
