#pragma once
/* Who stands behind a provider's address, in OpenTelemetry's words. Pure. */
#include "shared/base.h"

#define VENDOR_HOST_SIZE 128

/* Host and port of a URL, and nothing else that stands in it (there may be a key). False: it is no URL. */
bool vendor_host(const char *url, char host[static VENDOR_HOST_SIZE], int *port);
/* gen_ai.provider.name: the value that the conventions have for who is at this address; a provider they do not know is called as here. */
const char *vendor_of(const char *url, const char *provider);
