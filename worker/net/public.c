#include "worker/net/public.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool v4_is_public(uint32_t ip)
{
	static const struct {
		uint32_t net;
		int bits;
	} OTHERS[] = {
		{ 0x00000000, 8 },  { 0x0a000000, 8 },  { 0x64400000, 10 }, { 0x7f000000, 8 },  { 0xa9fe0000, 16 },
		{ 0xac100000, 12 }, { 0xc0000000, 24 }, { 0xc0000200, 24 }, { 0xc0586300, 24 }, { 0xc0a80000, 16 },
		{ 0xc6120000, 15 }, { 0xc6336400, 24 }, { 0xcb007100, 24 }, { 0xe0000000, 3 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(OTHERS); i++)
		if ((ip ^ OTHERS[i].net) >> (32 - OTHERS[i].bits) == 0)
			return false;
	return true;
}

static uint32_t v4_at(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool v6_is_public(const unsigned char *b)
{
	static const unsigned char MAPPED[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, NAT64[12] = { 0, 0x64, 0xff, 0x9b };
	if (memcmp(b, MAPPED, 12) == 0 || memcmp(b, NAT64, 12) == 0)
		return v4_is_public(v4_at(b + 12));
	if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
		return v4_is_public(v4_at(b + 2));
	if (b[0] == 0x20 && b[1] == 0x01 && (b[2] < 0x02 || (b[2] == 0x0d && b[3] == 0xb8))) /* special purposes, documentation */
		return false;
	return (b[0] & 0xe0) == 0x20; /* 2000::/3 is all that is given out */
}

bool address_is_public(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return v4_is_public(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
	return a->sa_family == AF_INET6 && v6_is_public(((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr);
}
