#pragma once
/* The address where the worker listens, who may name it, and what a path means. */
#include <sys/socket.h>

#include "shared/err.h"

/* Binds and listens on HOST:PORT, [IPV6]:PORT, or unix:PATH; port 0: any free port. Writes the bound address, with the
 * actual port. is_local: only this machine can reach it. ERR_BAD_INPUT if it is neither form, ERR_CONFLICT if another
 * process has it, else ERR_SYSTEM. Returns the socket, which the caller owns, or -1. */
MUSTCHECK int address_listen(const char *address, char bound[static 120], bool *is_local, struct err *);
/* True when `list` ("10.0.0.5, fd00::1") names the address; one that is in IPv6's form of IPv4 is named as IPv4. Pure. */
bool address_is_in(const char *list, const struct sockaddr_storage *);
/* True when a Host header names this machine's loopback: localhost, 127.x.x.x, [::1], each with or without a port. Pure. */
bool host_is_loopback(const char *host);

#define PATH_PARAMS 2
struct path_params {
	char value[PATH_PARAMS][200];
};
/* True when the path is of the pattern, in which {name} stands for one part that is not empty. Writes these parts, in
 * their order. Pure. */
bool path_matches(const char *pattern, const char *path, struct path_params *);
