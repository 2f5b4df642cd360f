/* Vectors: asked for in three protocols, and read back in the order of the texts whatever the order of the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "tests/unit/reading.h"
#include "worker/llm/embed.h"

static const struct str TEXTS[] = { STR("a \"quoted\" one"), STR("b") };

static void says(const char *protocol, const struct embed_request *r, const char *path, const char *body)
{
	struct strbuf b = STRBUF_INIT(4096);
	const struct embed_ops *ops = embed_find(protocol);
	assert_non_null(ops);
	struct strbuf url = STRBUF_INIT(400);
	struct err err;
	ops->path(r, &b);
	assert_int_equal(address_url(provider_speaks(protocol), "http://h", strbuf_text(&b), NULL, &url, NULL, &err), 0);
	assert_string_equal(strbuf_text(&url) + strlen("http://h"), path);
	strbuf_release(&url);
	strbuf_clear(&b);
	ops->build(r, &b);
	assert_string_equal(strbuf_text(&b), body);
	strbuf_release(&b);
}

TEST(requests)
{
	struct embed_request r = { .model = "m", .texts = TEXTS, .n_texts = 2 };
	says("openai", &r, "/v1/embeddings",
	     "{\"model\":\"m\",\"input\":[\"a \\\"quoted\\\" one\",\"b\"],\"encoding_format\":\"float\"}");
	says("ollama", &r, "/api/embed", "{\"model\":\"m\",\"input\":[\"a \\\"quoted\\\" one\",\"b\"],\"truncate\":false}");
	r = (struct embed_request){
		.model = "models/g", .texts = TEXTS + 1, .n_texts = 1, .dimensions = 3, .is_question = true, .is_packed = true
	};
	says("openai", &r, "/v1/embeddings",
	     "{\"model\":\"models/g\",\"input\":[\"b\"],\"dimensions\":3,\"encoding_format\":\"base64\"}");
	says("gemini", &r, "/v1beta/models/g:batchEmbedContents",
	     "{\"requests\":[{\"model\":\"models/g\",\"content\":{\"parts\":[{\"text\":\"b\"}]},\"taskType\":\"RETRIEVAL_QUERY\","
	     "\"outputDimensionality\":3}]}");
	assert_null(embed_find("anthropic"));
	assert_null(embed_find("null"));
}

static int read(const char *protocol, struct str body, int n, int dimensions, struct arena *a, struct embedding *e,
                struct err *err)
{
	struct embed_request r = { .model = "m", .texts = TEXTS, .n_texts = n, .dimensions = dimensions };
	return embed_read(embed_find(protocol), &r, body, a, e, err);
}

TEST(answers)
{
	static const struct {
		const char *protocol, *file, *model;
		float want[6];
		int tokens;
	} ROWS[] = {
		{ "openai", "openai/embeddings.json", "text-embedding-3-small", { 0.6f, 0.8f, 0, 0, 0, -1 }, 8 },
		{ "openai", "openai/embeddings-base64.json", "text-embedding-3-small", { 0.6f, 0.8f, 0, 0, 0, -1 }, 8 },
		{ "ollama", "ollama/embed.json", "all-minilm", { 0.6f, 0.8f, 0, 0, 0, -1 }, 8 },
		{ "gemini", "gemini/batch-embed.json", "", { 0.6f, 0.8f, 0, 0, 0, -1 }, -1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct arena a = ARENA_INIT;
		struct embedding e;
		struct err err;
		if (read(ROWS[i].protocol, golden(ROWS[i].file), 2, 3, &a, &e, &err) < 0)
			fail_msg("%s: %s", ROWS[i].file, err.msg);
		assert_int_equal(e.n, 2);
		assert_int_equal(e.dimensions, 3);
		assert_int_equal(e.input_tokens, ROWS[i].tokens);
		assert_string_equal(e.model, ROWS[i].model);
		for (int k = 0; k < 6; k++)
			if (fabsf(e.values[k] - ROWS[i].want[k]) > 1e-6f)
				fail_msg("%s: value %d is %f", ROWS[i].file, k, (double)e.values[k]);
		arena_release(&a);
	}
}

TEST(answers_that_are_none)
{
	static const struct {
		const char *protocol, *body;
		int n, dimensions;
		enum err_code code;
	} ROWS[] = {
		{ "ollama", "{\"embeddings\":[[1,0]]}", 2, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[1,0],[1,0],[1,0]]}", 2, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[1,0],[1]]}", 2, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[1],[1,0]]}", 2, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[1,0],[0,1]]}", 2, 3, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[0,0]]}", 1, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[1,null]]}", 1, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[1,1e300]]}", 1, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[[]]}", 1, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"embeddings\":[7]}", 1, 0, ERR_BAD_REPLY },
		{ "ollama", "{}", 1, 0, ERR_BAD_REPLY },
		{ "ollama", "no JSON", 1, 0, ERR_BAD_REPLY },
		{ "ollama", "{\"error\":\"server busy, please try again\"}", 1, 0, ERR_OVERLOADED },
		{ "gemini", "[{\"error\":{\"code\":429,\"message\":\"no\"}}]", 1, 0, ERR_RATE_LIMITED },
		{ "openai", "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}", 2, 0, ERR_BAD_REPLY },
		{ "openai", "{\"data\":[{\"index\":2,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}", 2, 0, ERR_BAD_REPLY },
		{ "openai", "{\"data\":[{\"index\":-1,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}", 2, 0,
		  ERR_BAD_REPLY },
		{ "openai", "{\"data\":[{\"index\":0,\"embedding\":\"AACAPw\"}]}", 1, 2, ERR_BAD_REPLY },
		{ "openai", "{\"data\":[{\"index\":0,\"embedding\":\"AACA\"}]}", 1, 0, ERR_BAD_REPLY },
		{ "openai", "{\"data\":[{\"index\":0,\"embedding\":\"AACAPw!!\"}]}", 1, 0, ERR_BAD_REPLY },
		{ "openai", "{\"data\":[{\"index\":0,\"embedding\":\"AADAfw\"}]}", 1, 0, ERR_BAD_REPLY }, /* not a number */
	};
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct arena a = ARENA_INIT;
		struct embedding e;
		struct err err = { .code = ERR_OK };
		int result = read(ROWS[i].protocol, str_of(ROWS[i].body), ROWS[i].n, ROWS[i].dimensions, &a, &e, &err);
		if (result != -1 || err.code != ROWS[i].code)
			fail_msg("%s: %s", ROWS[i].body, err_name(err.code));
		arena_release(&a);
	}
}

/* 1536 numbers packed: the room is computed from the length of the text. */
TEST(packed_vectors_of_any_length)
{
	for (int n = 1; n <= 70; n++) {
		struct arena a = ARENA_INIT;
		struct strbuf b = STRBUF_INIT(4096);
		struct embedding e;
		struct err err;
		strbuf_str(&b, "{\"data\":[{\"embedding\":\"");
		for (int i = 0, bytes = n * 4; i < (bytes * 8 + 5) / 6; i++) { /* all 1.0f: bytes 00 00 80 3F */
			static const char BITS[] = "00000000000000001000000000111111";
			int six = 0;
			for (int k = 0; k < 6; k++)
				six = six * 2 + (i * 6 + k < bytes * 8 && BITS[(i * 6 + k) % 32] == '1');
			strbuf_char(&b, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[six]);
		}
		strbuf_str(&b, "\"}]}");
		if (read("openai", (struct str){ strbuf_text(&b), b.len }, 1, n, &a, &e, &err) < 0)
			fail_msg("%d: %s", n, err.msg);
		assert_true(fabs((double)e.values[n - 1] - 1 / sqrt(n)) < 1e-6);
		strbuf_release(&b);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(answers),
		cmocka_unit_test(answers_that_are_none),
		cmocka_unit_test(packed_vectors_of_any_length),
	};
	return cmocka_run_group_tests_name("embed", tests, NULL, NULL);
}
