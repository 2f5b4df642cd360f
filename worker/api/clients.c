#include "worker/api/clients.h"

#include <netinet/in.h>

#include "worker/api/address.h"

#define SILENT_MAX 256           /* connections of one address whose request is not whole, */
#define SILENT_USEC USEC_PER_SEC /* and has not been for this long */
#define BODIES_MAX (256u << 20)
#define ADDRESS_BODIES_MAX (64u << 20) /* of one address */
#define HEADER_USEC (10 * USEC_PER_SEC)
#define PROBE_USEC (2 * USEC_PER_SEC) /* on a connection beyond the limit */

void clients_init(struct clients *c, int max, const char *trusted)
{
	*c = (struct clients){ .max = max, .trusted = trusted };
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->all);
}

void clients_release(struct clients *c)
{
	pthread_mutex_destroy(&c->lock);
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	return a->ss_family != AF_INET6 ||
	       memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr, 16) == 0;
}

/* Ends the connection that has been without a whole request for longest, of an address that has too many, unless it is
 * new: an honest client sends its request at once, also where hundreds come at a time. With the lock. */
static void bound_silent(struct clients *c, const struct sockaddr_storage *address)
{
	struct client *oldest = NULL;
	int n = 0;
	for (struct list *l = c->all.next; l != &c->all; l = l->next) {
		struct client *one = list_entry(l, struct client, link);
		if (!one->is_asking || one->deadline == 0 || !is_same_address(&one->address, address))
			continue;
		oldest = oldest == NULL || one->asks_since < oldest->asks_since ? one : oldest;
		n++;
	}
	if (n <= SILENT_MAX || clock_mono() - oldest->asks_since < SILENT_USEC)
		return;
	oldest->deadline = 0;
	shutdown(oldest->fd, SHUT_RDWR);
}

struct client *client_add(struct clients *c, int fd)
{
	struct client *new = xcalloc(1, sizeof *new);
	socklen_t len = sizeof new->address;
	new->fd = fd;
	getpeername(fd, (struct sockaddr *)&new->address, &len);
	new->is_trusted = new->address.ss_family == AF_UNIX || (c->trusted != NULL && address_is_in(c->trusted, &new->address));
	client_asks(new);
	pthread_mutex_lock(&c->lock);
	new->is_over_limit = ++c->n > c->max;
	new->deadline = new->asks_since + (new->is_over_limit ? PROBE_USEC : HEADER_USEC);
	list_push(&c->all, &new->link);
	if (!new->is_trusted)
		bound_silent(c, &new->address);
	pthread_mutex_unlock(&c->lock);
	return new;
}

void client_remove(struct clients *c, struct client *one)
{
	pthread_mutex_lock(&c->lock);
	list_remove(&one->link);
	c->n--;
	pthread_mutex_unlock(&c->lock);
	free(one);
}

void client_asks(struct client *one)
{
	one->is_asking = true;
	one->asks_since = clock_mono();
}

void client_has_asked(struct client *one)
{
	one->is_asking = false;
}

void client_set_deadline(struct clients *c, struct client *one, usec_t from_now)
{
	if (one == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	one->deadline = from_now == CLIENT_NEVER ? CLIENT_NEVER : clock_mono() + from_now;
	pthread_mutex_unlock(&c->lock);
}

/* Bytes of the bodies that the address of this client sends, or has sent and that are still needed. */
static size_t bytes_of_address(struct clients *c, const struct client *client)
{
	size_t n = 0;
	pthread_mutex_lock(&c->lock);
	for (struct list *l = c->all.next; l != &c->all; l = l->next) {
		struct client *one = list_entry(l, struct client, link);
		if (is_same_address(&one->address, &client->address))
			n += atomic_load(&one->body_bytes);
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

bool client_take_bytes(struct clients *c, struct client *one, size_t n)
{
	size_t all = atomic_load(&c->body_bytes) + n;
	if (all > BODIES_MAX)
		return false;
	if (all > ADDRESS_BODIES_MAX && one != NULL && !one->is_trusted && bytes_of_address(c, one) + n > ADDRESS_BODIES_MAX)
		return false;
	atomic_fetch_add(&c->body_bytes, n);
	if (one != NULL)
		atomic_fetch_add(&one->body_bytes, n);
	return true;
}

void client_give_bytes(struct clients *c, struct client *one, size_t n)
{
	atomic_fetch_sub(&c->body_bytes, n);
	if (one != NULL)
		atomic_fetch_sub(&one->body_bytes, n);
}

/* The library's own timeout begins anew with each byte, this one does not. While a client is in the list its socket is
 * still open. */
void clients_sweep(struct clients *c)
{
	usec_t now = clock_mono();
	pthread_mutex_lock(&c->lock);
	if (now - c->swept >= USEC_PER_SEC) {
		c->swept = now;
		for (struct list *l = c->all.next; l != &c->all; l = l->next) {
			struct client *one = list_entry(l, struct client, link);
			if (one->deadline < now)
				shutdown(one->fd, SHUT_RDWR);
		}
	}
	pthread_mutex_unlock(&c->lock);
}
