/*
 * Why: what a question is about is found out by a model that may be slow, wrong or mad, before an answer that must come all the same; and it
 * costs money of its own. Here the model is scripted, so that what it says is known; that it is any good is tests/intent/quality.sh's to show.
 */
#include "tests/lib/harness/harness.h"

/* What the judge (a provider of its own) says from now on. */
static void judge(const char *script)
{
	assert_int_equal(
		run("/usr/bin/curl", "-sf", "-d", script, text("http://127.0.0.1:%d/practice/script?name=judge", W.port), NULL),
		0);
}

static int judged(void)
{
	return provider_calls("\"name\":\"judge\",\"protocol\"");
}

static int intent_up(void **state)
{
	scene_up(state);
	q("truncate signalbox.work");
	q("delete from signalbox.model_prices where source = 'test'");
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values ('small', '2026-01-01', 1000, 2000, 'test'), "
	  "('practice', '2026-01-01', 1000000, 2000000, 'test')");
	q("select signalbox.provider_set('judge', '{\"protocol\": \"openai\", \"base_url\": \"http://127.0.0.1:%d/p/judge/v1\"}', 'test')",
	  W.port);
	q("select signalbox.agent_set('o', jsonb_build_object('intents', E'%s', 'intent_model', 'judge:small'), 'test')",
	  "delivery: where a parcel is\\nreturns: sending goods back\\nother: anything else");
	judge("say={\"scores\":{\"delivery\":90,\"returns\":10,\"other\":0}}");
	return 0;
}

static void completed(const char *message)
{
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", message), "completed", 0);
}

static const char *found(const char *message)
{
	return q(
		"select coalesce(intent, '-') || ' ' || coalesce(round(intent_confidence::numeric, 2)::text, '-') from signalbox.ai_messages where uuid = '%s'",
		message);
}

static void test_scores_and_costs(void **state)
{
	(void)state;
	worker("--poll", "100ms", NULL);
	const char *m = say("o", "Where is my parcel?");
	completed(m);
	assert_string_equal(found(m), "delivery 0.80");
	EXPECT("0 intent small delivery; 1 answer practice delivery",
	       "select string_agg(concat_ws(' ', call, kind, model, intent), '; ' order by call) from signalbox.ai_costs");
	EXPECT("t",
	       "select bool_and(cost_pico = tokens_input * 1000 + tokens_output * 2000) from signalbox.ai_costs where kind = 'intent'");
	EXPECT("t", "select (select sum(cost_pico) from signalbox.stats_minute) = sum(cost_pico) from signalbox.ai_costs");
	/* The model has seen the labels, the schema, and the question as nothing but the user's words. */
	EXPECT("delivery 0.800 1 intent",
	       "select concat_ws(' ', f ->> 'intent', f ->> 'intent_confidence', jsonb_array_length(f #> '{attempts,0,chain}'), f #>> '{attempts,0,chain,0,kind}') "
	       "from signalbox.message_full('%s') f",
	       m);
}

static void test_known_again(void **state)
{
	(void)state;
	worker("--poll", "100ms", NULL);
	completed(say("o", "Where is my  PARCEL?"));
	int before = judged();
	const char *m = say("o", " where is\nmy parcel? ");
	completed(m);
	assert_string_equal(found(m), "delivery 0.80");
	assert_int_equal(judged(), before);
	EXPECT("1", "select count(*) from signalbox.ai_costs where kind = 'intent'");
	EXPECT("2", "select count(*) from signalbox.ai_costs where intent = 'delivery' and kind = 'answer'");
	/* Other labels, other model: asked anew. */
	q("select signalbox.agent_set('o', '{\"intent_model\": \"judge:other\"}', 'test')");
	completed(say("o", "where is my parcel?"));
	assert_int_equal(judged(), before + 1);
	q("select signalbox.agent_set('o', jsonb_build_object('intents', E'delivery: parcels\\nreturns: back\\nother: else'), 'test')");
	completed(say("o", "where is my parcel?"));
	assert_int_equal(judged(), before + 2);
}

static void test_unsure(void **state)
{
	(void)state;
	worker("--poll", "100ms", NULL);
	judge("say={\"scores\":{\"delivery\":50,\"returns\":45,\"other\":5}}");
	const char *m = say("o", "hm");
	completed(m);
	assert_string_equal(found(m), "- 0.05");
	q("select signalbox.agent_set('o', '{\"intent_threshold\": \"0.01\"}', 'test')");
	m = say("o", "hm"); /* the same words: what was unsure then is not any more */
	completed(m);
	assert_string_equal(found(m), "delivery 0.05");
}

/* Whatever the model does, the message is answered, without an intent, and it is said why. */
static void test_mad_models(void **state)
{
	(void)state;
	static const struct {
		const char *script, *class;
	} MAD[] = {
		{ "status=500", "server_error" },
		{ "status=401", "auth" },
		{ "malformed", "bad_reply" },
		{ "empty", "no_answer" },
		{ "cut=1", "truncated" },
		{ "hang", "timeout" },
		{ "words=20000", "too_big" },
		{ "say=delivery", "bad_reply" },
		{ "say={\"scores\":{\"ignore_this\":100}}", "bad_reply" },
		{ "say={\"scores\":{\"delivery\":\"90\"}}", "bad_reply" },
		{ "say={\"scores\":{\"delivery\":NaN}}", "bad_reply" },
		{ "say={\"scores\":{\"delivery\":1e999}}", "bad_reply" },
		{ "say={\"scores\":{\"delivery\":-1}}", "bad_reply" },
		{ "say={\"scores\":{\"delivery\":{\"delivery\":1}}}", "bad_reply" },
		{ "say={\"scores\":{\"delivery\":9,\"delivery\":90}}", "bad_reply" },
		{ "say=[[[[[[[[[[[[[[[[", "bad_reply" },
	};
	worker("--intent-timeout", "2s", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(MAD); i++) {
		judge(MAD[i].script);
		q("select signalbox.provider_set('judge', '{\"breaker\": \"closed\"}', 'test')");
		const char *m = say("o", text("mad %zu", i));
		completed(m);
		assert_string_equal(found(m), "- -");
		const char *class = q(
			"select chain #>> '{0,class}' from signalbox.attempts a join signalbox.ai_messages x on x.id = a.message_id where x.uuid = '%s'",
			m);
		if (strcmp(class, MAD[i].class) != 0)
			fail_msg("%s: %s instead of %s", MAD[i].script, class, MAD[i].class);
	}
	EXPECT("0", "select count(*) from signalbox.intent_cache");
	judge("say=```{\"scores\":{\"delivery\":80,\"returns\":0}}```"); /* a fence is no madness */
	const char *m = say("o", "sane");
	completed(m);
	assert_string_equal(found(m), "delivery 0.80");
}

/* A judge that is down costs messages nothing but its breaker's minute. */
static void test_breaker(void **state)
{
	(void)state;
	worker("--poll", "100ms", NULL);
	judge("status=503");
	for (int i = 0; i < 6; i++)
		completed(say("o", text("down %d", i)));
	wait_for("select state from signalbox.breakers where provider = 'judge'", "open", 0);
	int before = judged();
	completed(say("o", "not asked"));
	assert_int_equal(judged(), before);
	EXPECT("breaker_open", "select chain #>> '{0,class}' from signalbox.attempts order by ended_at desc limit 1");
	/* After its minute one message in the fleet tries, and all may again. */
	judge("say={\"scores\":{\"delivery\":90}}");
	q("update signalbox.breakers set until = now() - interval '1 s'");
	completed(say("o", "a probe"));
	wait_for("select state from signalbox.breakers where provider = 'judge'", "closed", 0);
	const char *m = say("o", "again");
	completed(m);
	assert_string_equal(found(m), "delivery 0.90");
}

static void test_budget_includes_it(void **state)
{
	(void)state;
	q("select signalbox.agent_set('o', '{\"budget_day\": \"1\", \"max_tokens\": \"10\", \"intent_model\": null}', 'test')");
	int64_t plain = 0, with = 0;
	say("o", "what may it cost?");
	plain = atoll(q("select signalbox.worst_case(agent_id, signalbox.prompt_bytes(message_id)) from signalbox.queue"));
	q("select signalbox.agent_set('o', '{\"intent_model\": \"judge:small\"}', 'test')");
	with = atoll(q("select signalbox.worst_case(agent_id, signalbox.prompt_bytes(message_id)) from signalbox.queue"));
	assert_in_range(with - plain, 17000 * 1000, 22000 * 1000);
	q("select signalbox.agent_set('o', '{\"intent_model\": \"judge:of no price\"}', 'test')");
	EXPECT("(null)", "select signalbox.worst_case(agent_id, signalbox.prompt_bytes(message_id)) from signalbox.queue");
	q("select signalbox.agent_set('o', '{\"intent_model\": \"judge:small\"}', 'test')");
	worker("--poll", "100ms", NULL);
	wait_for("select count(*) from signalbox.ai_costs", "2", 0);
	EXPECT("0", "select count(*) from signalbox.reservations");
}

/* The call is paid also where the answer fails, and is not made again. */
static void test_answer_fails(void **state)
{
	(void)state;
	worker("--tries", "2", "--backoff", "10ms", NULL);
	q("select signalbox.provider_set('o', '{\"base_url\": \"http://127.0.0.1:1\"}', 'test')"); /* nobody is there */
	const char *m = say("o", "where is it");
	wait_for(text("select processing_status from signalbox.ai_messages where uuid = '%s'", m), "failed", 0);
	assert_string_equal(found(m), "delivery 0.80");
	EXPECT("1 intent", "select count(*) || ' ' || min(kind) from signalbox.ai_costs");
	EXPECT("t", "select sum(cost_pico) > 0 from signalbox.stats_minute");
}

/* The same question, written differently; and what makes another question of it. */
static void test_normal_and_version(void **state)
{
	(void)state;
	EXPECT("café au lait", "select signalbox.intent_normal(E'  Cafe\\u0301\\n\\tAU   lait ')");
	EXPECT("4000", "select length(signalbox.intent_text(repeat('x', 9999)))");
	EXPECT("t t f",
	       "select concat_ws(' ', signalbox.intent_key(s, 'a B') = signalbox.intent_key(s, ' A  b'), length(signalbox.intent_key(s, 'a')) = 32, "
	       "signalbox.intent_key(s, 'a') = signalbox.intent_key(s, 'b')) from signalbox.intent_spec(1) s");
	const char *was = q("select signalbox.intent_spec(1) ->> 'version'");
	q("select signalbox.agent_set('o', '{\"intent_threshold\": \"0.9\", \"intent_model\": \"judge:another\"}', 'test')");
	EXPECT("t", "select signalbox.intent_spec(1) ->> 'version' = '%s'", was); /* the model is in the key by itself */
	q("update signalbox.agent_intents set description = description || '.' where ord = 1");
	EXPECT("f", "select signalbox.intent_spec(1) ->> 'version' = '%s'", was);
}

static void test_agent_without(void **state)
{
	(void)state;
	worker("--poll", "100ms", NULL);
	int before = judged();
	q("select signalbox.agent_set('o', '{\"intents\": null}', 'test')");
	const char *m = say("o", "nobody asks");
	completed(m);
	assert_string_equal(found(m), "- -");
	assert_int_equal(judged(), before);
	EXPECT("1 t", "select count(*) || ' ' || bool_and(chain is null)::text::char(1) from signalbox.attempts");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('o', '{\"intents\": \"no colon\\nnor here\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('o', '{\"intents\": \"one: only\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('o', '{\"intents\": \"a: x\\na: y\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('o', '{\"intents\": \"[1, 2]\"}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.agent_set('o', '{\"intent_model\": \"small\"}', 'test')");
	EXPECT_ERR(ERR_NOT_FOUND, "select signalbox.agent_set('o', '{\"intent_model\": \"nobody:small\"}', 'test')");
}

/* Cancelled while it is classified: the call ends at once, nobody is asked for an answer, and what may be billed is on record. */
static void test_cancelled_meanwhile(void **state)
{
	(void)state;
	judge("hang");
	worker("--poll", "100ms", NULL);
	int was = judged();
	const char *m = say("o", "never mind");
	int64_t until = 0;
	while (judged() == was)
		assert_true(again(&until, 0));
	int before = provider_calls("never mind");
	q("select signalbox.cancel('%s', 'test')", m);
	wait_for("select count(*) from signalbox.ai_costs where kind = 'intent' and is_estimated", "1", 5);
	EXPECT("1", "select count(*) from signalbox.ai_costs");
	assert_string_equal(status_of(m), "cancelled");
	assert_int_equal(provider_calls("never mind"), before);
	assert_string_equal(found(m), "- -");
}

static void set_vectors(void)
{
	q("select signalbox.agent_set('o', jsonb_build_object('intent_model', 'embed:judge:vectors', 'intents', "
	  "'[{\"label\": \"delivery\", \"description\": \"parcel tracking courier late\", \"examples\": [\"where is my parcel\", \"the courier is late\"]}, "
	  "{\"label\": \"returns\", \"description\": \"send back refund money\", \"examples\": [\"i want a refund\", \"send it back for my money\"]}]'::jsonb), 'test')");
	judge("");
}

static void test_nearest_label(void **state)
{
	(void)state;
	worker("--poll", "100ms", NULL);
	set_vectors();
	const char *m = say("o", "my parcel is late");
	completed(m);
	EXPECT("delivery", "select intent from signalbox.ai_messages where uuid = '%s'", m);
	EXPECT("embedding vectors 0", "select concat_ws(' ', kind, model, tokens_output) from signalbox.ai_costs where call = 0");
	m = say("o", "give me the money back, a refund");
	completed(m);
	EXPECT("returns", "select intent from signalbox.ai_messages where uuid = '%s'", m);
	/* The second time only the text was sent. */
	EXPECT("t", "select min(tokens_input) * 2 < max(tokens_input) from signalbox.ai_costs where kind = 'embedding'");
}

/* Many at once, and nobody has the labels' vectors yet: one makes them, the others wait. Where that fails all go on without. */
static void test_labels_are_made_once(void **state)
{
	(void)state;
	set_vectors();
	judge("slow=300");
	q("select count(*) from generate_series(1, 20) i, signalbox.dispatch('o', 'the parcel is late ' || i)");
	worker("--poll", "100ms", NULL);
	wait_for("select count(*) from signalbox.ai_messages where intent = 'delivery'", "20", 0);
	EXPECT("1",
	       "select count(*) from signalbox.ai_costs where tokens_input > (select 2 * min(tokens_input) from signalbox.ai_costs where kind = "
	       "'embedding') and kind = 'embedding'");
	q("select signalbox.agent_set('o', '{\"intent_model\": \"embed:judge:others\"}', 'test')");
	judge("slow=300 status=400");
	int before = judged();
	q("select count(*) from generate_series(1, 20) i, signalbox.dispatch('o', 'once more ' || i)");
	wait_for("select count(*) from signalbox.ai_messages where processing_status = 'completed' and role = 'assistant'", "40",
	         0);
	assert_in_range(judged() - before, 1, 5);
	EXPECT("0",
	       "select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content like 'once more%%' and m.intent is not null");
}

/* ---- the command line */

static char *output(void)
{
	static char buf[20000];
	FILE *f = fopen(text("%s/run.log", W.dir), "re");
	size_t n = fread(buf, 1, sizeof buf - 1, f);
	fclose(f);
	buf[n] = '\0';
	return buf;
}

static int cli(const char *a, const char *b, const char *c, const char *d)
{
	run("/bin/rm", "-f", text("%s/run.log", W.dir), NULL);
	return run(bin("signalbox"), "intent", a, b, c, d, NULL);
}

static const char *write_file(const char *content)
{
	const char *path = text("%s/texts", W.dir);
	FILE *f = fopen(path, "we");
	fputs(content, f);
	fclose(f);
	return path;
}

static void test_eval(void **state)
{
	(void)state;
	set_vectors();
	const char *path = write_file(
		"text,label\n\"my parcel, is late\",delivery\n{\"text\": \"the courier with the parcel\", \"label\": \"delivery\"}\n"
		"a refund of my money,returns\nsend it back,returns\nwhere is my refund parcel,returns\nxyzzy,returns\n");
	assert_int_equal(cli("eval", path, NULL, NULL), 1);
	assert_non_null(strstr(output(), "no worker is alive"));
	EXPECT("0", "select count(*) from signalbox.work");
	worker("--poll", "100ms", NULL);
	if (cli("eval", path, NULL, NULL) != 0)
		fail_msg("%s", output());
	assert_non_null(strstr(output(), "agent o: "));
	assert_non_null(strstr(output(), "model vectors of judge: 6 calls"));
	assert_non_null(strstr(output(), "PRECISION"));
	assert_int_equal(cli("eval", path, "--json", NULL), 0);
	EXPECT("6 2 6",
	       "select concat_ws(' ', d ->> 'texts', d #>> '{labels,0,taken_for,0}', (d ->> 'right')::int + (d ->> 'wrong')::int + (d ->> 'unsure')::int) from (select '%s'::jsonb) x(d)",
	       output());
	/* Paid by the agent, apart from its messages. */
	EXPECT("2 embedding 0", "select count(*) || ' ' || min(kind) || ' ' || min(message_id) from signalbox.ai_costs");
	EXPECT("done 6 6", "select state || ' ' || done || ' ' || total from signalbox.work limit 1");
	assert_int_equal(cli("try", "o", "my parcel is late", NULL), 0);
	assert_int_equal(strncmp(output(), "delivery  ", 10), 0);
	assert_int_equal(cli("labels", "o", NULL, NULL), 0);
	assert_non_null(strstr(output(), "send back refund money  +2"));
	assert_int_equal(cli("eval", write_file("x,of no label\n"), NULL, NULL), 2);
	assert_int_equal(cli("eval", write_file("{\"text\": 7}\n"), NULL, NULL), 2);
	assert_int_equal(cli("eval", "/nowhere", NULL, NULL), 2);
	assert_int_equal(cli("try", "a", "x", NULL), 5);
	assert_int_equal(cli("try", "nobody", "x", NULL), 4);
}

/* The worker that had the work dies: another begins it again. Cancelled work is left. */
static void test_work_is_leased(void **state)
{
	(void)state;
	judge("hang");
	pid_t first = worker("--lease", "1s", NULL);
	q("select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"a\", \"b\"]}', 'test')");
	wait_for("select state from signalbox.work", "running", 0);
	kill_now(first);
	judge("say={\"scores\":{\"delivery\":90}}");
	worker("--lease", "1s", NULL);
	wait_for("select state || ' ' || runs || ' ' || (result #>> '{texts,1,intent}') from signalbox.work", "done 2 delivery",
	         0);
	judge("hang");
	int before = judged();
	q("select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"c\"]}', 'test')");
	wait_for("select state from signalbox.work order by id desc limit 1", "running", 0);
	for (int64_t until = 0; judged() == before;) /* what was not asked costs nothing */
		if (!again(&until, 0))
			fail_msg("the judge was not asked");
	q("select signalbox.work_cancel(max(id), 'test') from signalbox.work");
	wait_for("select count(*) from signalbox.ai_costs where kind = 'intent'", "2",
	         0); /* what it cost is known all the same */
	EXPECT("cancelled", "select state from signalbox.work order by id desc limit 1");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.work_add('exec', '{}', 'test')");
	EXPECT_ERR(ERR_BAD_INPUT, "select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [1]}', 'test')");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.work_add('intent_eval', '{\"agent\": \"a\", \"texts\": [\"x\"]}', 'test')");
	/* What the first may cost is gone for the second, and for messages, until it ends. */
	q("update signalbox.agents set budget_day = signalbox.usd(2.5 * signalbox.intent_worst_case(id) + signalbox.spent_since(id, date_trunc('day', now(), 'UTC'))) where slug = 'o'");
	q("delete from signalbox.workers");
	q("select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"a\", \"b\"]}', 'test')");
	EXPECT("t",
	       "select signalbox.money_left(id) = 0.5 * signalbox.intent_worst_case(id) from signalbox.agents where slug = 'o'");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"c\"]}', 'test')");
	q("select signalbox.work_cancel((select max(id) from signalbox.work), 'test')");
	EXPECT("work_cancel test", "select action || ' ' || actor from signalbox.operator_log order by id desc limit 1");
	/* Nobody knows what a model without a price costs: under a budget it is not asked. */
	q("create temp table prices as select * from signalbox.model_prices");
	q("delete from signalbox.model_prices");
	EXPECT_ERR(ERR_REFUSED, "select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"c\"]}', 'test')");
	q("insert into signalbox.model_prices select * from prices");
	q("drop table prices");
	q("select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"c\"]}', 'test')");
}

/* What an operator asks takes no message's place. */
static void test_work_beside_messages(void **state)
{
	(void)state;
	judge("hang");
	worker("--poll", "100ms", "--concurrency", "1", NULL);
	q("select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"a\", \"b\"]}', 'test')");
	wait_for("select state from signalbox.work", "running", 0);
	completed(say("a", "who has no intents"));
	EXPECT("running", "select state from signalbox.work");
}

/* A drain does not wait for an operator's question: it is given back, and what it cost so far is known. */
static void test_drain(void **state)
{
	(void)state;
	judge("hang");
	pid_t w = worker("--poll", "100ms", NULL);
	q("select signalbox.work_add('intent_eval', '{\"agent\": \"o\", \"texts\": [\"a\"]}', 'test')");
	wait_for("select calls ->> 'judge' from signalbox.workers where ended_at is null", "1", 0);
	send_signal(w, 15);
	assert_int_equal(wait_exit(w, 5), 0);
	EXPECT("queued 0", "select state || ' ' || runs from signalbox.work");
	EXPECT("1", "select count(*) from signalbox.ai_costs where kind = 'intent'");
	judge("say={\"scores\":{\"delivery\":90}}");
	worker("--poll", "100ms", NULL);
	wait_for("select state from signalbox.work", "done", 0);
	EXPECT("2", "select count(*) from signalbox.ai_costs where kind = 'intent'");
	/* Who lost it is charged for what it called all the same, once, and changes nothing more; who never had it is not believed. */
	for (int i = 0; i < 3; i++) {
		EXPECT("f",
		       "select signalbox.work_end(id, '00000000-0000-0000-0000-000000000001', '{}', null, "
		       "'{\"kind\": \"intent\", \"provider\": \"judge\", \"model\": \"small\", \"tokens_prompt\": 1, \"tokens_completion\": 1, \"calls\": 1}') "
		       "from signalbox.work");
		if (i == 0) {
			EXPECT("2", "select count(*) from signalbox.ai_costs where kind = 'intent'");
			q("update signalbox.work set jobs = jobs || uuid '00000000-0000-0000-0000-000000000001'");
		}
	}
	EXPECT("3 done",
	       "select count(*) || ' ' || (select state from signalbox.work) from signalbox.ai_costs where kind = 'intent'");
}

#define T(test) cmocka_unit_test_setup_teardown(test, intent_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_scores_and_costs),
		T(test_known_again),
		T(test_unsure),
		T(test_mad_models),
		T(test_breaker),
		T(test_budget_includes_it),
		T(test_answer_fails),
		T(test_agent_without),
		T(test_normal_and_version),
		T(test_cancelled_meanwhile),
		T(test_nearest_label),
		T(test_labels_are_made_once),
		T(test_eval),
		T(test_work_is_leased),
		T(test_work_beside_messages),
		T(test_drain),
	};
	return world_end(cmocka_run_group_tests_name("intent", tests, world_up, world_down));
}
