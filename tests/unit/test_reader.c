/*
 * What vendors, gateways and local servers really send. The same reply comes in many forms, and many of them are against the protocol's document:
 * reading
 * must be generous about form and strict about meaning. Each stream is read whole and byte by byte; the verdict, the text, the reason, its proof,
 * the
 * calls and the usage must be the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/reading.h"

/* OpenAI's: a chunk with content, one with a reason, the end mark. */
#define T(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}]}\n\n"
#define F(reason) "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define D "data: [DONE]\n\n"
#define DELTA(json) "data: {\"choices\":[{\"index\":0,\"delta\":" json ",\"finish_reason\":null}]}\n\n"
#define PART(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define USED(json) "data: {\"choices\":[],\"usage\":" json "}\n\n"
#define ALL T("All of it.")
#define WHOLE "All of it."
/* Anthropic's */
#define A(type, json) "event: " type "\ndata: {\"type\":\"" type "\"" json "}\n\n"
#define A_START A("message_start", ",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}")
#define A_BLOCK(i, kind) A("content_block_start", ",\"index\":" i ",\"content_block\":{\"type\":\"" kind "\"}")
#define A_TEXT(i, text) A("content_block_delta", ",\"index\":" i ",\"delta\":{\"type\":\"text_delta\",\"text\":\"" text "\"}")
#define A_ENDS(reason) A("message_delta", ",\"delta\":{\"stop_reason\":\"" reason "\"},\"usage\":{\"output_tokens\":3}")
#define A_STOP A("message_stop", "")
/* Gemini's */
#define G(parts, more) "data: {\"candidates\":[{\"content\":{\"parts\":[" parts "]}" more "}]}\r\n\r\n"
#define G_FINISH(reason) ",\"finishReason\":\"" reason "\""
/* Ollama's */
#define O(text, more) "{\"message\":{\"role\":\"assistant\",\"content\":\"" text "\"}" more "}\n"
#define O_CALL "{\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":{}}}"
#define O_DONE(reason) O("", ",\"done\":true,\"done_reason\":\"" reason "\"")

static const struct row {
	const struct provider_ops *ops;
	const char *body, *text;
	enum err_code code;
	const char *reason, *proof, *calls;
	struct usage usage;
} ROWS[] = {
	/* ---- ends: a reason, a mark, either or both */
	{ &provider_openai, ALL F("stop") D, WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai, ALL F("stop"), WHOLE, ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_openai, ALL D, WHOLE, ERR_OK, NULL, "mark", NULL, UNSAID },
	{ &provider_openai, ALL, WHOLE, ERR_TRUNCATED, NULL, NULL, NULL, UNSAID },
	{ &provider_openai, ALL F("eos") D, WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai, T("Half") F("abort") D, "Half", ERR_TRUNCATED, "abort", NULL, NULL, UNSAID },
	{ &provider_openai, T("Half") F("error") D, "Half", ERR_TRUNCATED, "error", NULL, NULL, UNSAID },
	{ &provider_openai, T("Half") F("network_error"), "Half", ERR_TRUNCATED, "network_error", NULL, NULL, UNSAID },
	{ &provider_openai, T("Half") F("something_new") D, "Half", ERR_TRUNCATED, "something_new", NULL, NULL, UNSAID },
	{ &provider_openai, T("Half") F("sensitive") D, "Half", ERR_CONTENT_FILTER, "content_filter", "reason+mark", NULL,
	  UNSAID },
	{ &provider_openai, T("Half") F("content-filter"), "Half", ERR_CONTENT_FILTER, "content_filter", "reason", NULL, UNSAID },
	{ &provider_openai, T("All ") F("null") T("of it.") F("stop") F("null") D, WHOLE, ERR_OK, "stop", "reason+mark", NULL,
	  UNSAID },
	{ &provider_openai, F("stop") ALL D, WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID }, /* text after the reason */
	{ &provider_openai, T("All ") F("stop") T("of it."), WHOLE, ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_openai, ALL F("stop") "data: {\"error\":{\"message\":\"late\"}}\n\n", WHOLE, ERR_OK, "stop", "reason", NULL,
	  UNSAID },
	{ &provider_openai, ALL F("stop") "data: {rubbish\n\n" D, WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai, F("stop") "data: {\"error\":{\"code\":503}}\n\n", "", ERR_OVERLOADED, "stop", "reason", NULL,
	  UNSAID },
	{ &provider_openai, ALL F("length") D, WHOLE, ERR_OK, "length", "reason+mark", NULL, UNSAID },
	{ &provider_openai, DELTA("{\"reasoning_content\":\"hm\"}") F("length") D, "", ERR_STARVED, "length", "reason+mark", NULL,
	  UNSAID },
	{ &provider_openai, T("<think>hm") F("length") D, "", ERR_STARVED, "length", "reason+mark", NULL, UNSAID },
	{ &provider_openai, T("<think>hm</think>\\n\\nAll ") T("of it.") F("stop") D, WHOLE, ERR_OK, "stop", "reason+mark", NULL,
	  UNSAID },
	{ &provider_openai, T("\\n\\n") F("stop") D, "", ERR_NO_ANSWER, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai, F("stop") D, "", ERR_NO_ANSWER, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai, D, "", ERR_TRUNCATED, NULL, "mark", NULL, UNSAID },
	{ &provider_openai, "", "", ERR_TRUNCATED, NULL, NULL, NULL, UNSAID },
	{ &provider_openai, DELTA("{\"refusal\":\"I cannot.\"}") F("stop") D, "I cannot.", ERR_CONTENT_FILTER, "content_filter",
	  "reason+mark", NULL, UNSAID },
	{ &provider_openai, ALL F("stop") F("weird") D, WHOLE, ERR_OK, "stop", "reason+mark", NULL,
	  UNSAID }, /* takes nothing back */
	{ &provider_openai, ALL D F("weird"), WHOLE, ERR_OK, NULL, "mark", NULL, UNSAID },
	{ &provider_openai, T("Half") F("\\u001b[2J") D, "Half", ERR_TRUNCATED, "^[[2J", NULL, NULL, UNSAID },
	{ &provider_openai, T("\xC2\xA0\xE2\x80\x8B") F("stop") D, "", ERR_NO_ANSWER, "stop", "reason+mark", NULL, UNSAID },
	/* ---- forms of events */
	{ &provider_openai, "\xEF\xBB\xBF" ALL F("stop") "data: [DONE] \n\n", WHOLE, ERR_OK, "stop", "reason+mark", NULL,
	  UNSAID },
	{ &provider_openai, "retry: 10\n\nid: 7\n\ndata:\n\n" T("All ") "data: \n\n" T("of it.") F("stop") D, WHOLE, ERR_OK,
	  "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai,
	  "data: {\"choices\":[{\"delta\":{\"content\":\"All \"}}]}\ndata: {\"choices\":[{\"delta\":{\"content\":\"of it.\"}}]}\ndata: [DONE]\n",
	  WHOLE, ERR_OK, NULL, "mark", NULL, UNSAID },
	{ &provider_openai,
	  DELTA("{\"content\":[{\"type\":\"thinking\",\"thinking\":[]}," PART("All ") "," PART("of it.") "]}") F("stop"), WHOLE,
	  ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_openai, T("Hi \\ud83d") T("\\ude00") F("stop"), "Hi \xF0\x9F\x98\x80", ERR_OK, "stop", "reason", NULL,
	  UNSAID },
	{ &provider_openai, T("Hi \xF0\x9F") T("\x98\x80") F("stop"), "Hi \xF0\x9F\x98\x80", ERR_OK, "stop", "reason", NULL,
	  UNSAID },
	{ &provider_openai, T("a\\ud83d") F("stop"), "a\xEF\xBF\xBD", ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_openai, "data: {\"choices\":[{\"delta\":{\"content\":\"All of it.\"}}],\"error\":{}}\n\n" F("stop"), WHOLE,
	  ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_openai, "data: {\"choices\":[{\"delta\":{\"content\":\"All of it.\"}}],\"error\":\"\"}\n\n" F("stop"), WHOLE,
	  ERR_OK, "stop", "reason", NULL, UNSAID },
	/* MiniMax says the whole of it again at its end */
	{ &provider_openai,
	  T("All ")
	          T("of it.") "data: {\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"All of it.\"}}]}\n\n" D,
	  WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai,
	  "data: {\"choices\":[{\"delta\":{\"content\":\"All of it.\"},\"finish_reason\":\"stop\",\"message\":{\"content\":\"All of it.\"}}]}\n\n" D,
	  WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai,
	  "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"message\":{\"content\":\"\"}}]}\n\n"
	  "data: {\"choices\":[{\"delta\":{\"content\":\"All of it.\"},\"message\":{\"content\":\"All of it.\"}}]}\n\n",
	  WHOLE, ERR_TRUNCATED, NULL, NULL, NULL, UNSAID }, /* Perplexity, cut */
	{ &provider_openai, T("Half") "error: {\"code\":500,\"message\":\"context size exceeded\"}\n\n" D, "Half",
	  ERR_CONTEXT_LENGTH, NULL, NULL, NULL, UNSAID }, /* llama.cpp */
	{ &provider_openai, "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n{\"error\":{\"code\":503}}\n\n" D, "Half",
	  ERR_OVERLOADED, NULL, NULL, NULL, UNSAID },
	{ &provider_openai,
	  "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"},\"finish_reason\":{\"type\":\"abort\"}}]}\n\n" D, "Half",
	  ERR_TRUNCATED, "abort", NULL, NULL, UNSAID },
	{ &provider_openai, "data: : keepalive\n\n" ALL "data: ping\n\n" F("stop") "data: [done]\n\n", WHOLE, ERR_OK, "stop",
	  "reason+mark", NULL, UNSAID },
	{ &provider_openai, "data: data: {\"choices\":[{\"delta\":{\"content\":\"All of it.\"}}]}\n\n" D, WHOLE, ERR_OK, NULL,
	  "mark", NULL, UNSAID },
	{ &provider_openai, "data: upstream is gone\n\n", "", ERR_BAD_REPLY, NULL, NULL, NULL, UNSAID },
	/* ---- whole documents */
	{ &provider_openai, "{\n \"choices\": [{\"message\": {\"content\": \"All of it.\"},\n \"finish_reason\": \"stop\"}]}\n",
	  WHOLE, ERR_OK, "stop", "body", NULL, UNSAID },
	{ &provider_openai, "{\"choices\":[{\"message\":{\"content\":\"All of it.\"}}]}", WHOLE, ERR_OK, NULL, "body", NULL,
	  UNSAID },
	{ &provider_openai, "{\"choices\":[{\"message\":{\"content\":\"All of it.\"}}", "", ERR_TRUNCATED, NULL, NULL, NULL,
	  UNSAID },
	{ &provider_openai, "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"No.\"},\"finish_reason\":\"stop\"}]}",
	  "No.", ERR_CONTENT_FILTER, "content_filter", "body", NULL, UNSAID },
	{ &provider_openai, "<html><body>502</body></html>", "", ERR_BAD_REPLY, NULL, NULL, NULL, UNSAID },
	/* ---- errors in a 200 */
	{ &provider_openai, "event: error\ndata: {\"message\":\"slow down\",\"code\":429}\n\n" D, "", ERR_RATE_LIMITED, NULL,
	  NULL, NULL, UNSAID },
	{ &provider_openai, "{\"code\":1113,\"msg\":\"balance is not enough\"}", "", ERR_QUOTA, NULL, NULL, NULL, UNSAID },
	{ &provider_openai, T("Half") "data: {\"error\":{\"type\":\"overloaded_error\"}}\n\n", "Half", ERR_OVERLOADED, NULL, NULL,
	  NULL, UNSAID },
	{ &provider_openai, T("Half") "{\"error\":{\"message\":\"quota\",\"type\":\"insufficient_quota\"}}", "Half", ERR_QUOTA,
	  NULL, NULL, NULL, UNSAID },
	/* ---- usage */
	{ &provider_openai,
	  ALL
	  "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}]}\n\n" D,
	  WHOLE, ERR_OK, "stop", "reason+mark", NULL, U(11, 7, -1, -1) },
	{ &provider_openai,
	  ALL F("stop") USED("{\"prompt_tokens\":1000,\"completion_tokens\":5,\"prompt_cache_hit_tokens\":900}") D, WHOLE, ERR_OK,
	  "stop", "reason+mark", NULL, U(1000, 5, 900, -1) },
	{ &provider_openai, ALL F("stop") USED("{\"prompt_tokens\":1000,\"completion_tokens\":5,\"cached_tokens\":900}") D, WHOLE,
	  ERR_OK, "stop", "reason+mark", NULL, U(1000, 5, 900, -1) },
	{ &provider_openai,
	  ALL F("stop") USED("{\"prompt_tokens\":2147483647,\"completion_tokens\":2147483647,\"total_tokens\":-1}") D, WHOLE,
	  ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_openai,
	  ALL F("stop") USED("{\"prompt_tokens\":9,\"completion_tokens\":4}")
	          USED("{\"prompt_tokens\":0,\"completion_tokens\":0}") D,
	  WHOLE, ERR_OK, "stop", "reason+mark", NULL, U(9, 4, -1, -1) },
	{ &provider_openai, ALL F("stop") USED("{\"prompt_tokens\":10,\"completion_tokens\":40,\"total_tokens\":11}") D, WHOLE,
	  ERR_OK, "stop", "reason+mark", NULL, U(10, 40, -1, -1) },
	{ &provider_openai,
	  ALL F("stop") USED("{\"prompt_tokens\":10,\"completion_tokens\":4,\"cached_tokens\":5000,\"total_tokens\":5014}") D,
	  WHOLE, ERR_OK, "stop", "reason+mark", NULL, U(5010, 4, 5000, -1) },
	/* ---- Anthropic */
	{ &provider_anthropic, A_START A_BLOCK("0", "text") A_TEXT("0", "All of it.") A_ENDS("end_turn") A_STOP, WHOLE, ERR_OK,
	  "stop", "reason+mark", NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_BLOCK("0", "text") A_TEXT("0", "All of it.") A_ENDS("end_turn"), WHOLE, ERR_OK, "stop",
	  "reason", NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_BLOCK("0", "text") A_TEXT("0", "All of it.") A_STOP, WHOLE, ERR_OK, NULL, "mark", NULL,
	  U(9, -1, -1, -1) },
	{ &provider_anthropic, A_START A_BLOCK("0", "text") A_TEXT("0", "All of it."), WHOLE, ERR_TRUNCATED, NULL, NULL, NULL,
	  U(9, -1, -1, -1) },
	{ &provider_anthropic,
	  A_START A_BLOCK("0", "thinking") A("content_block_stop", ",\"index\":0") A_TEXT("0", "All of it.") A_ENDS("end_turn")
	          A_STOP,
	  WHOLE, ERR_OK, "stop", "reason+mark", NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_TEXT("0", "All of it.") A_ENDS("end_turn") A_STOP, WHOLE, ERR_OK, "stop", "reason+mark",
	  NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_BLOCK("0", "thinking") A_ENDS("max_tokens") A_STOP, "", ERR_STARVED, "length",
	  "reason+mark", NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_ENDS("end_turn") A_TEXT("0", "late") A_STOP, "late", ERR_OK, "stop", "reason+mark", NULL,
	  U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_TEXT("0", "No.") A_ENDS("refusal") A_STOP, "No.", ERR_CONTENT_FILTER, "content_filter",
	  "reason+mark", NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_TEXT("0", "Half") A_ENDS("whatever") A_STOP, "Half", ERR_TRUNCATED, "whatever", NULL,
	  NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic,
	  "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", "",
	  ERR_OVERLOADED, NULL, NULL, NULL, UNSAID },
	{ &provider_anthropic, A_START A_TEXT("0", "All of it.") A_ENDS("end_turn") D, WHOLE, ERR_OK, "stop", "reason+mark", NULL,
	  U(9, 3, -1, -1) },
	{ &provider_anthropic, A_START A_TEXT("0", "\\n ") A_ENDS("end_turn") A_STOP, "", ERR_NO_ANSWER, "stop", "reason+mark",
	  NULL, U(9, 3, -1, -1) },
	{ &provider_anthropic,
	  A_START A_BLOCK("0", "thinking") A("content_block_stop", ",\"index\":0")
	          A("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"All of it.\"}")
	                  A_ENDS("end_turn") A_STOP,
	  WHOLE, ERR_OK, "stop", "reason+mark", NULL, U(9, 3, -1, -1) },
	/* ---- Gemini */
	{ &provider_gemini, G("{\"text\":\"All of it.\"}", G_FINISH("STOP")), WHOLE, ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"All \"}", G_FINISH("STOP")) G("{\"text\":\"of it.\"}", ""), WHOLE, ERR_OK, "stop",
	  "reason", NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"All of it.\"}", ""), WHOLE, ERR_TRUNCATED, NULL, NULL, NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"All of it.\"}", G_FINISH("STOP")) "data: {\"error\":{\"code\":500}}\n\n", WHOLE,
	  ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"hm\",\"thought\":true}", G_FINISH("MAX_TOKENS")), "", ERR_STARVED, "length", "reason",
	  NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"Cut\"}", G_FINISH("MAX_TOKENS")), "Cut", ERR_OK, "length", "reason", NULL, UNSAID },
	{ &provider_gemini, G("", G_FINISH("MALFORMED_FUNCTION_CALL")), "", ERR_NO_ANSWER, "MALFORMED_FUNCTION_CALL", "reason",
	  NULL, UNSAID },
	{ &provider_gemini,
	  "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"All of it.\"}]},\"finishReason\":\"STOP\"}]}]", WHOLE, ERR_OK,
	  "stop", "reason", NULL, UNSAID },
	{ &provider_gemini, "[{\"error\":{\"code\":503,\"message\":\"busy\"}}]", "", ERR_OVERLOADED, NULL, NULL, NULL, UNSAID },
	{ &provider_gemini, "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n", "", ERR_CONTENT_FILTER,
	  "content_filter", "reason", NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"All of it.\"}", "") D, WHOLE, ERR_OK, NULL, "mark", NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"I will\"}", G_FINISH("MALFORMED_FUNCTION_CALL")), "I will", ERR_NO_ANSWER,
	  "MALFORMED_FUNCTION_CALL", "reason", NULL, UNSAID },
	{ &provider_gemini, G("{\"text\":\"All of it.\",\"functionCall\":null,\"thoughtSignature\":null}", G_FINISH("STOP")),
	  WHOLE, ERR_OK, "stop", "reason", NULL, UNSAID },
	{ &provider_gemini,
	  "data: {\"usageMetadata\":{\"promptTokenCount\":10,\"totalTokenCount\":15}}\n\n"
	  "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"All of it.\"}]},\"finishReason\":\"STOP\"}],"
	  "\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":50}}\n\n",
	  WHOLE, ERR_OK, "stop", "reason", NULL, U(10, 50, -1, -1) },
	/* ---- Ollama */
	{ &provider_ollama, O("All of it.", "") O_DONE("stop"), WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_ollama, O("All of it.", "") O("", ",\"done\":true"), WHOLE, ERR_OK, NULL, "mark", NULL, UNSAID },
	{ &provider_ollama, O("All of it.", ""), WHOLE, ERR_TRUNCATED, NULL, NULL, NULL, UNSAID },
	{ &provider_ollama, O("All ", "") O_DONE("stop") O("of it.", ""), WHOLE, ERR_OK, "stop", "reason+mark", NULL, UNSAID },
	{ &provider_ollama, O("Cut", "") O_DONE("length"), "Cut", ERR_OK, "length", "reason+mark", NULL, UNSAID },
	{ &provider_ollama, "{\"message\":{\"thinking\":\"hm\"}}\n" O_DONE("length"), "", ERR_STARVED, "length", "reason+mark",
	  NULL, UNSAID },
	{ &provider_ollama, O_DONE("load"), "", ERR_NO_ANSWER, "load", "reason+mark", NULL, UNSAID },
	{ &provider_ollama, "data: " O("All of it.", ",\"done\":true") "\n", WHOLE, ERR_OK, NULL, "mark", NULL, UNSAID },
	{ &provider_ollama, "{\"error\":\"model requires more system memory\"}\n", "", ERR_SERVER_ERROR, NULL, NULL, NULL,
	  UNSAID },
	/* ---- calls */
	{ &provider_anthropic,
	  A_START A("content_block_start",
	            ",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"f\",\"input\":{}}")
	          A("content_block_start",
	            ",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"y\",\"name\":\"g\",\"input\":{}}")
	                  A_ENDS("tool_use") A_STOP,
	  "", ERR_OK, "tool_calls", "reason+mark", "x f {}; y g {}", U(9, 3, -1, -1) },
	{ &provider_openai,
	  DELTA("{\"tool_calls\":[{\"id\":\"x\",\"function\":{\"name\":\"f\",\"\\u0161rguments\":{\"no\":1},\"arguments\":{\"y\":1}}}]}")
	          F("tool_calls") D,
	  "", ERR_OK, "tool_calls", "reason+mark", "x f {\"y\":1}", UNSAID },
	{ &provider_openai,
	  T("Let me see.") DELTA(
		  "{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\"}}]}")
	          F("tool_calls") D,
	  "Let me see.", ERR_NO_ANSWER, "tool_calls", "reason+mark", NULL, UNSAID },
	{ &provider_ollama, "{\"message\":{\"tool_calls\":[" O_CALL "," O_CALL "]},\"done\":true}\n", "", ERR_OK, NULL, "mark",
	  "x f {}", UNSAID },
	{ &provider_openai,
	  DELTA("{\"tool\\u005fcalls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}")
	          F("tool_calls") D,
	  "", ERR_OK, "tool_calls", "reason+mark", "x f {}", UNSAID },
	{ &provider_openai,
	  DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\\\"\\ud83d\"}}]}")
	          DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\ude00\\\"}\"}}]}") F("stop") D,
	  "", ERR_OK, "tool_calls", "reason+mark", "x f {\"a\":\"\xF0\x9F\x98\x80\"}", UNSAID },
	{ &provider_openai,
	  DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\"}}]}")
	          F("length") D,
	  "", ERR_STARVED, "length", "reason+mark", NULL, UNSAID },
	{ &provider_openai,
	  DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\"}}]}")
	          F("tool_calls") D,
	  "", ERR_NO_ANSWER, "tool_calls", "reason+mark", NULL, UNSAID },
	{ &provider_openai,
	  DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}") F("abort") D,
	  "", ERR_TRUNCATED, "abort", NULL, NULL, UNSAID },
};

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check(const struct row *row, const struct reading *r, size_t step)
{
	const struct usage *u = &r->reply->usage, *v = &row->usage;
	struct strbuf calls = STRBUF_INIT(65536);
	if (r->verdict.err.code != row->code || !same(r->verdict.finish_reason, row->reason) ||
	    !same(r->verdict.proof, row->proof))
		fail_msg("%s\nin pieces of %zu: %s: %s; reason %s, proof %s", row->body, step, err_name(r->verdict.err.code),
		         r->verdict.err.msg, r->verdict.finish_reason, r->verdict.proof);
	if (strcmp(strbuf_text(&r->text), row->text) != 0)
		fail_msg("%s\nin pieces of %zu: text '%s'", row->body, step, strbuf_text(&r->text));
	if (u->input != v->input || u->output != v->output || u->cached != v->cached)
		fail_msg("%s\nin pieces of %zu: %lld in, %lld out, %lld cached", row->body, step, (long long)u->input,
		         (long long)u->output, (long long)u->cached);
	print_calls(r->reply, &calls);
	if (strcmp(strbuf_text(&calls), row->calls != NULL ? row->calls : "") != 0)
		fail_msg("%s\nin pieces of %zu: calls %s", row->body, step, strbuf_text(&calls));
	strbuf_release(&calls);
}

TEST(what_is_really_sent)
{
	struct reading r = READING_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		for (size_t step = 0; step < 4; step++) {
			r.ops = ROWS[i].ops;
			read_stream(&r, str_of(ROWS[i].body), 0, step);
			check(&ROWS[i], &r, step);
		}
	reading_release(&r);
}

/* Once the reply is whole it does not matter how the connection ends, or whether it does; before that it does. */
TEST(the_transport_says_nothing_about_a_whole_reply)
{
	static const enum err_code ENDS[] = { ERR_TRUNCATED, ERR_NETWORK, ERR_TIMEOUT_IDLE, ERR_TIMEOUT };
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		for (size_t k = 0; k < ARRAY_SIZE(ENDS); k++) {
			struct reading r = READING_INIT;
			struct err err = { .code = ERR_OK }, transport;
			err_set(&transport, ENDS[k], "cut");
			reader_init(&r.reader, ROWS[i].ops, 0, reading_text, &r);
			r.reply = &r.reader.reply;
			int result = reader_feed(&r.reader, 200, str_of(ROWS[i].body), &err);
			r.verdict = reader_end(&r.reader, 200, result < 0 ? &err : &transport);
			bool is_cut = ROWS[i].proof == NULL && result >= 0 && ROWS[i].code == ERR_TRUNCATED;
			if (r.verdict.err.code != (is_cut ? ENDS[k] : ROWS[i].code) && ROWS[i].code != ERR_BAD_REPLY)
				fail_msg("%s: %s", ROWS[i].body, err_name(r.verdict.err.code));
			reading_release(&r);
		}
}

/* Who keeps the connection open is not waited for: a short time for usage after the reason, a shorter one after the mark, and none before. */
TEST(grace)
{
	struct reading r = READING_INIT;
	struct err err;
	reader_init(&r.reader, &provider_openai, 0, reading_text, &r);
	r.reply = &r.reader.reply;
	assert_int_equal(reader_feed(&r.reader, 200, STR(ALL), &err), 0);
	assert_int_equal(reader_feed(&r.reader, 200, STR(F("stop")), &err), READER_GRACE_MS);
	assert_int_equal(reader_feed(&r.reader, 200, STR(": ping\n\n"), &err), 0); /* says nothing new */
	/* Text behind it: that was no end. The body's own is waited for, or the protocol's. */
	assert_int_equal(reader_feed(&r.reader, 200, STR(T("more")), &err), READER_ON_MS);
	assert_int_equal(reader_feed(&r.reader, 200, STR(USED("{\"prompt_tokens\":1,\"completion_tokens\":1}")), &err),
	                 READER_ON_MS);
	assert_int_equal(reader_feed(&r.reader, 200, STR(D), &err), READER_MARK_MS);
	assert_int_equal(reader_feed(&r.reader, 200, STR(": ping\n\n"), &err), 0);
	reading_release(&r);
}

/* Who did not bill: an error that is all there is, with any status. Who may have: a stream, however it ends. */
TEST(who_generated_something)
{
	static const struct {
		const char *body;
		bool is_unbilled;
	} REFUSED[] = { { "{\"code\":1113,\"msg\":\"balance is not enough\"}", true },
		        { "[{\"error\":{\"code\":503}}]", true },
		        { "data: {\"error\":{\"code\":503}}\n\n", false },
		        { "<html>", false },
		        { "{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n{\"error\":{\"code\":503}}\n", false },
		        { "{\"choices\":[{\"delta\":{\"content\":\"<think>hm\"}}]}\n{\"error\":{\"code\":503}}\n", false },
		        { "{\"choices\":[{\"delta\":{\"content\":\"\\n\"}}]}\n{\"error\":{\"code\":503}}\n", false },
		        { ALL "data: {\"error\":{\"code\":503}}\n\n", false } };
	struct reading r = READING_INIT;
	r.ops = &provider_openai;
	for (size_t i = 0; i < ARRAY_SIZE(REFUSED); i++) {
		read_stream(&r, str_of(REFUSED[i].body), 0, 0);
		assert_int_equal(r.reader.is_unbilled, REFUSED[i].is_unbilled);
	}
	reading_release(&r);
}

/* An error whose page never ends is an error of its status: what is kept of it is enough. */
TEST(a_page_without_end)
{
	static const char PAGE[] = "<p>0123456789abcdef0123456789abcdef0123456789abcdef0123456789</p>";
	struct reading r = READING_INIT;
	struct err err, transport;
	err_set(&transport, ERR_TOO_BIG, "over");
	reader_init(&r.reader, &provider_openai, 0, reading_text, &r);
	r.reply = &r.reader.reply;
	for (size_t n = 0; n < ERROR_BODY_MAX - sizeof PAGE; n += strlen(PAGE))
		assert_int_equal(reader_feed(&r.reader, 503, str_of(PAGE), &err), 0);
	assert_int_equal(reader_feed(&r.reader, 503, str_of(PAGE), &err), READER_MARK_MS);
	r.verdict = reader_end(&r.reader, 503, &transport);
	assert_int_equal(r.verdict.err.code, ERR_OVERLOADED);
	reading_release(&r);
}

static struct verdict answered(int status, const char *header, const char *value, const char *body)
{
	struct reading ignored = READING_INIT;
	struct reader r;
	struct err err;
	reader_init(&r, &provider_openai, 1790000000 * USEC_PER_SEC, reading_text, &ignored);
	if (header != NULL)
		reader_header(&r, header, value);
	reader_feed(&r, status, str_of(body), &err);
	struct verdict v = reader_end(&r, status, NULL);
	reader_release(&r);
	reading_release(&ignored);
	return v;
}

TEST(statuses_and_headers)
{
	assert_int_equal(answered(201, NULL, NULL, "{\"choices\":[{\"message\":{\"refusal\":\"x\"}}]}").err.code,
	                 ERR_CONTENT_FILTER);
	struct verdict v = answered(301, "Location", "https://elsewhere/", "");
	assert_int_equal(v.err.code, ERR_NOT_CONFIGURED);
	assert_non_null(strstr(v.err.msg, "https://elsewhere/"));
	assert_int_equal(answered(429, "X-RateLimit-Reset", "1790000007000", "").err.wait_ms, 7000);
	assert_int_equal(answered(429, "Retry-After", "1790000009", "").err.wait_ms, 9000);
	assert_int_equal(answered(429, "Retry-After", "0", "").err.wait_ms, 0);
	assert_int_equal(answered(429, NULL, NULL, "").err.wait_ms, 0);
	assert_int_equal(answered(429, "RateLimit", "\"default\";r=0;t=30", "").err.wait_ms, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_really_sent),
		cmocka_unit_test(the_transport_says_nothing_about_a_whole_reply),
		cmocka_unit_test(grace),
		cmocka_unit_test(who_generated_something),
		cmocka_unit_test(a_page_without_end),
		cmocka_unit_test(statuses_and_headers),
	};
	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
