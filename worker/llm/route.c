#include "worker/llm/route.h"

#include "shared/json.h"

struct route route_read(const struct json *j)
{
	struct route r = { .provider = json_text(j, "provider"),
		           .protocol = json_text(j, "protocol"),
		           .base_url = json_text(j, "base_url"),
		           .key_env = json_text(j, "key_env"),
		           .header = json_text(j, "header"),
		           .query = json_text(j, "query"),
		           .model = json_text(j, "model"),
		           .skip = json_text(j, "skip") };
	int64_t context = 0, ms = 0;
	json_int(j, "context_tokens", &context);
	json_int(j, "skip_ms", &ms);
	json_bool(j, "probe", &r.is_probe);
	r.context_tokens = (int)MIN(context, INT32_MAX);
	r.skip_ms = (int)MIN(ms, INT32_MAX);
	return r;
}
