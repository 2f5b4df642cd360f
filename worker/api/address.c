#include "worker/api/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024 /* connections that wait to be accepted; the kernel's own limit applies too */

bool host_is_loopback(const char *host)
{
	char name[64];
	struct in_addr v4;
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (n >= sizeof name || n > strlen(host))
		return false;
	const char *port = host + n;
	if (*port == ':')
		port += 1 + strspn(port + 1, "0123456789");
	if (*port != '\0')
		return false;
	snprintf(name, sizeof name, "%.*s", (int)n, host);
	for (char *p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool path_matches(const char *pattern, const char *path, struct path_params *params)
{
	int n = 0;
	while (*pattern != '\0') {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");
		if (n == PATH_PARAMS || len == 0 || len >= sizeof params->value[n])
			return false;
		snprintf(params->value[n++], sizeof params->value[0], "%.*s", (int)len, path);
		path += len;
		pattern = strchr(pattern, '}') + 1;
	}
	return *path == '\0';
}

bool address_is_in(const char *list, const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
	char text[INET6_ADDRSTRLEN] = "";
	if (a->ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, sizeof text);
	else if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, sizeof text);
	else if (a->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
	for (const char *p = list; text[0] != '\0' && *p != '\0';) {
		p += strspn(p, ", ");
		size_t n = strcspn(p, ", ");
		if (n == strlen(text) && strncmp(p, text, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static bool address_is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
	return a->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* Splits "127.0.0.1:80" or "[::1]:80" into host and port. */
static int split_address(const char *address, char host[static 64], char port[static 8], struct err *err)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon != NULL ? (size_t)(colon - address) : 0;
	const char *from = address;
	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		from++;
		n -= 2;
	} else if (memchr(address, ':', n) != NULL) {
		n = 0;
	}
	if (n == 0 || n >= 64 || colon[1] == '\0' || strlen(colon + 1) > 5 ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || atoi(colon + 1) > 65535)
		return err_set(err, ERR_BAD_INPUT, "listen: '%.60s' is neither HOST:PORT nor unix:PATH", address);
	snprintf(host, 64, "%.*s", (int)n, from);
	snprintf(port, 8, "%s", colon + 1);
	return 0;
}

static int listen_on(const struct sockaddr *at, socklen_t len, const char *address, struct err *err)
{
	int one = 1, fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd >= 0 && bind(fd, at, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int why = errno;
	if (fd >= 0)
		close(fd);
	return err_set(err, why == EADDRINUSE ? ERR_CONFLICT : ERR_SYSTEM, "%.60s: %s", address, strerror(why));
}

/* A socket file that nobody listens on was left behind by a worker that was killed: it is removed. */
static int listen_unix(const char *address, const char *path, struct err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	if (path[0] != '/' || strlen(path) >= sizeof at.sun_path)
		return err_set(err, ERR_BAD_INPUT, "listen: '%.60s': the path is absolute, and has less than %zu bytes", address,
		               sizeof at.sun_path);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_dead = probe >= 0 && connect(probe, (struct sockaddr *)&at, sizeof at) < 0 && errno == ECONNREFUSED;
	if (probe >= 0)
		close(probe);
	if (is_dead && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	return listen_on((struct sockaddr *)&at, sizeof at, address, err);
}

int address_listen(const char *address, char bound[static 120], bool *is_local, struct err *err)
{
	char host[64], port[8];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list;
	struct sockaddr_storage at;
	socklen_t len = sizeof at;
	if (strncmp(address, "unix:", 5) == 0) {
		*is_local = true;
		snprintf(bound, 120, "%s", address);
		return listen_unix(address, address + 5, err);
	}
	if (split_address(address, host, port, err) < 0)
		return -1;
	int rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return err_set(err, ERR_BAD_INPUT, "listen: %.60s: %s", host, gai_strerror(rc));
	int fd = listen_on(list->ai_addr, list->ai_addrlen, address, err);
	freeaddrinfo(list);
	if (fd < 0)
		return -1;
	getsockname(fd, (struct sockaddr *)&at, &len);
	*is_local = address_is_loopback(&at);
	getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(bound, 120, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return fd;
}
