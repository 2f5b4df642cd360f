#include "worker/telemetry/vendor.h"

#include <strings.h>

bool vendor_host(const char *url, char host[static VENDOR_HOST_SIZE], int *port)
{
	if (url == NULL || strstr(url, "://") == NULL)
		return false;
	const char *p = strstr(url, "://") + 3, *end = p + strcspn(p, "/?#"), *at = memchr(p, '@', (size_t)(end - p));
	bool is_tls = strncmp(url, "https:", 6) == 0;
	p = at != NULL ? at + 1 : p; /* skip the user name and password before the '@' */
	const char *colon = *p == '[' ? strchr(p, ']') : p;
	colon = colon != NULL ? memchr(colon, ':', (size_t)(MAX(end, colon) - colon)) : NULL;
	snprintf(host, VENDOR_HOST_SIZE, "%.*s", (int)((colon != NULL ? colon : end) - p), p);
	*port = colon != NULL ? atoi(colon + 1) : is_tls ? 443 : 80;
	return true;
}

/* The conventions' list (1.41): "if one of them applies, then the respective value MUST be used". */
static const struct {
	const char *begin, *end, *name;
} KNOWN[] = {
	{ "", ".openai.azure.com", "azure.ai.openai" },
	{ "", ".ai.azure.com", "azure.ai.inference" },
	{ "", ".openai.com", "openai" },
	{ "", ".anthropic.com", "anthropic" },
	{ "", ".generativelanguage.googleapis.com", "gcp.gemini" },
	{ "", "aiplatform.googleapis.com", "gcp.vertex_ai" }, /* REGION-aiplatform */
	{ ".bedrock", ".amazonaws.com", "aws.bedrock" },
	{ "", ".cohere.com", "cohere" },
	{ "", ".cohere.ai", "cohere" },
	{ "", ".deepseek.com", "deepseek" },
	{ "", ".groq.com", "groq" },
	{ "", ".ml.cloud.ibm.com", "ibm.watsonx.ai" },
	{ "", ".mistral.ai", "mistral_ai" },
	{ "", ".perplexity.ai", "perplexity" },
	{ "", ".x.ai", "x_ai" },
};

const char *vendor_of(const char *url, const char *provider)
{
	char host[1 + VENDOR_HOST_SIZE] = ".";
	int port;
	if (!vendor_host(url, host + 1, &port))
		return provider;
	size_t n = strlen(host);
	for (size_t i = 0; i < ARRAY_SIZE(KNOWN); i++) {
		size_t n_end = strlen(KNOWN[i].end);
		if (n >= n_end && strcasecmp(host + n - n_end, KNOWN[i].end) == 0 &&
		    strncasecmp(host, KNOWN[i].begin, strlen(KNOWN[i].begin)) == 0)
			return KNOWN[i].name;
	}
	return provider;
}
