#include "worker/api/clients.h"

#include <netinet/in.h>

#include "worker/api/address.h"

#define SILENT_MAX 256           /* connections of one address whose request is not whole, */
#define SILENT_USEC USEC_PER_SEC /* and has not been for this long */
#define REST_SHARE 4             /* connections of one address between two requests: at most this part of all */
#define BODIES_MAX (256u << 20)
#define ADDRESS_BODIES_MAX (64u << 20) /* of one address */
#define HEADER_USEC (10 * USEC_PER_SEC)
#define PROBE_USEC (2 * USEC_PER_SEC) /* on a connection beyond the limit */

void clients_init(struct clients *c, int max, const char *trusted)
{
	*c = (struct clients){ .max = max, .trusted = trusted };
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->all);
	list_init(&c->addresses);
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
	       memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr, 8) == 0;
}

/* With the lock. */
static struct client_address *find_address(struct clients *c, const struct sockaddr_storage *address)
{
	for (struct list *l = c->addresses.next; l != &c->addresses; l = l->next) {
		struct client_address *one = list_entry(l, struct client_address, link);
		if (is_same_address(&one->address, address))
			return one;
	}
	struct client_address *new = xcalloc(1, sizeof *new);
	new->address = *address;
	list_push(&c->addresses, &new->link);
	return new;
}

/* Whether an address has too many clients in this state. */
static bool is_over(const struct clients *c, const struct client_address *a, enum client_state state)
{
	return state == CLIENT_ASKS    ? a->n[state] > SILENT_MAX
	       : state == CLIENT_RESTS ? a->n[state] > MAX(c->max / REST_SHARE, 1)
	                               : false;
}

/* Shuts down the client of an address that is in a state for longest. One that has just come is spared: an honest client
 * sends its request at once, also where hundreds come at a time. With the lock. */
static void end_oldest(struct clients *c, const struct client_address *a, enum client_state state)
{
	struct client *oldest = NULL;
	for (struct list *l = c->all.next; l != &c->all; l = l->next) {
		struct client *one = list_entry(l, struct client, link);
		if (one->address == a && one->state == state && one->deadline != 0 && (oldest == NULL || one->since < oldest->since))
			oldest = one;
	}
	if (oldest == NULL || clock_mono() - oldest->since < SILENT_USEC)
		return;
	oldest->deadline = 0;
	shutdown(oldest->fd, SHUT_RDWR);
}

/* With the lock. */
static void set_state(struct clients *c, struct client *one, enum client_state state)
{
	one->address->n[one->state]--;
	one->address->n[state]++;
	one->state = state;
	one->since = clock_mono();
	if (!one->is_trusted && is_over(c, one->address, state))
		end_oldest(c, one->address, state);
}

struct client *client_add(struct clients *c, int fd)
{
	struct client *new = xcalloc(1, sizeof *new);
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;
	new->fd = fd;
	getpeername(fd, (struct sockaddr *)&address, &len);
	new->is_trusted = address.ss_family == AF_UNIX || (c->trusted != NULL && address_is_in(c->trusted, &address));
	pthread_mutex_lock(&c->lock);
	new->address = find_address(c, &address);
	new->address->n[new->state]++;
	list_push(&c->all, &new->link);
	new->is_over_limit = ++c->n > c->max;
	set_state(c, new, CLIENT_ASKS);
	new->deadline = new->since + (new->is_over_limit ? PROBE_USEC : HEADER_USEC);
	pthread_mutex_unlock(&c->lock);
	return new;
}

void client_remove(struct clients *c, struct client *one)
{
	struct client_address *a = one->address;
	pthread_mutex_lock(&c->lock);
	list_remove(&one->link);
	c->n--;
	a->n[one->state]--;
	if (a->n[CLIENT_ASKS] + a->n[CLIENT_RESTS] + a->n[CLIENT_WAITS] == 0) {
		list_remove(&a->link);
		free(a);
	}
	pthread_mutex_unlock(&c->lock);
	free(one);
}

void client_is(struct clients *c, struct client *one, enum client_state state, usec_t from_now)
{
	if (one == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	if (one->deadline != 0) /* else it is being shut down */
		one->deadline = from_now == CLIENT_NEVER ? CLIENT_NEVER : clock_mono() + from_now;
	set_state(c, one, state);
	pthread_mutex_unlock(&c->lock);
}

bool client_take_bytes(struct clients *c, struct client *one, size_t n)
{
	if (atomic_load(&c->body_bytes) + n > BODIES_MAX)
		return false;
	if (one != NULL && !one->is_trusted && atomic_load(&one->address->body_bytes) + n > ADDRESS_BODIES_MAX)
		return false;
	atomic_fetch_add(&c->body_bytes, n);
	if (one != NULL)
		atomic_fetch_add(&one->address->body_bytes, n);
	return true;
}

void client_give_bytes(struct clients *c, struct client *one, size_t n)
{
	atomic_fetch_sub(&c->body_bytes, n);
	if (one != NULL)
		atomic_fetch_sub(&one->address->body_bytes, n);
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
