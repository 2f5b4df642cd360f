#pragma once
/* The vendor at a provider's address, by OpenTelemetry's names. Pure. */
#include "shared/base.h"

#define VENDOR_HOST_SIZE 128

/* Host and port of a URL, and nothing else of it: it may contain a key. False: it is not a URL. */
bool vendor_host(const char *url, char host[static VENDOR_HOST_SIZE], int *port);
/* The value of gen_ai.provider.name: the conventions' name of the vendor at this address;
 * `provider` if the conventions have none. */
const char *vendor_of(const char *url, const char *provider);
