#pragma once
/* Which addresses are of the public internet. Pure. */
#include <sys/socket.h>

#include "shared/base.h"

/* False for loopback, private, link-local, shared, multicast, reserved and documentation addresses of IPv4 and IPv6
 * (IANA's special-purpose registries, RFC 6890), also where an IPv4 address stands inside an IPv6 one (mapped, 6to4,
 * NAT64), and for every other family. */
bool address_is_public(const struct sockaddr *);
