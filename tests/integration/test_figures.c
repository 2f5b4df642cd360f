/*
 * Why: alerts and bills are made from what a worker shows over HTTP, and an operator believes what the console says of money. A month that
 * shows the day's figure, or a cost that grows with each look, is wrong without any error.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/harness/harness.h"

#define LOOK 20 /* seconds: the database is asked at most every 5 s */

static int port;

static int figures_up(void **state)
{
	scene_up(state);
	q("delete from signalbox.model_prices where source = 'test'");
	pid_t pid = worker("--poll", "100ms", "--listen", "127.0.0.1:0", NULL);
	port = atoi(strrchr(worker_word(pid, "msg=\"http\" address="), ':') + 1);
	return 0;
}

/* What comes back to these bytes, until the other side ends. */
static const char *http(const char *request)
{
	static char answer[1 << 20];
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = DEADLINE };
	size_t len = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (int)strlen(request));
	for (ssize_t n; (n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0;)
		len += (size_t)n;
	close(fd);
	answer[len] = '\0';
	return answer;
}

/* The status; "" where no answer came. */
static const char *status(const char *headers)
{
	return text("%.3s", http(text("GET /healthz HTTP/1.1\r\n%sConnection: close\r\n\r\n", headers)) + strlen("HTTP/1.1 "));
}

/* The value of a sample; "none" where there is no such. */
static const char *figure(const char *sample)
{
	const char *all = http("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	const char *at = strstr(all, text("\n%s ", sample));
	return at != NULL ? text("%.*s", (int)strcspn(at + strlen(sample) + 2, "\n"), at + strlen(sample) + 2) : "none";
}

static void wait_figure(const char *sample, const char *expected)
{
	int64_t until = 0;
	const char *got;
	while (strcmp(got = figure(sample), expected) != 0)
		if (!again(&until, LOOK))
			fail_msg("%s is %s, not %s", sample, got, expected);
}

static void check_said(const char *file, const char *pattern)
{
	if (run("/bin/grep", "-qE", "--", pattern, file, NULL) != 0)
		fail_msg("'%s' is not in %s", pattern, file);
}

#define BUDGET(period, kind) "signalbox_budget_usd{agent=\"a\",period=\"" period "\",kind=\"" kind "\"}"

/* A provider that was never in trouble is closed, and a budget that nobody set is none. */
static void test_nothing_is_wrong(void **state)
{
	(void)state;
	wait_figure("signalbox_breaker_state{provider=\"a\"}", "0");
	q("insert into signalbox.breakers (provider, state, until, reason) values ('a', 'open', now() + interval '1 h', 'overloaded')");
	wait_figure("signalbox_breaker_state{provider=\"a\"}", "2");
	q("delete from signalbox.breakers");
	q("select signalbox.agent_set('a', '{\"budget_day\": \"2.5\"}', 'test')");
	wait_figure(BUDGET("day", "limit"), "2.5");
	assert_string_equal(figure(BUDGET("month", "limit")), "none");
	q("select signalbox.agent_set('a', '{\"budget_day\": null}', 'test')");
	assert_string_equal(figure("signalbox_records_kept"), "0");
	wait_figure("signalbox_secrets_missing", "0");
	q("select signalbox.provider_set('k', '{\"protocol\": \"openai\", \"base_url\": \"http://127.0.0.1:9\", \"key_env\": \"NOBODYS_API_KEY\"}', 'test')");
	wait_figure("signalbox_secrets_missing", "1");
	q("delete from signalbox.providers where slug = 'k'");
	wait_figure("signalbox_secrets_missing", "0");
}

static void test_a_month_is_no_day(void **state)
{
	(void)state;
	if (strcmp(q("select extract(day from now() at time zone 'UTC')"), "1") == 0)
		skip(); /* what was spent this month was spent today */
	q("update signalbox.rolled_upto set minute = date_trunc('day', now(), 'UTC')");
	q("insert into signalbox.stats_day (day, agent_id, cost_pico) select date_trunc('month', now(), 'UTC'), id, 3000000000000 "
	  "from signalbox.agents where slug = 'a'");
	q("insert into signalbox.stats_minute (minute, agent_id, worker_id, cost_pico) select date_trunc('minute', now()), id, gen_random_uuid(), "
	  "1000000000000 from signalbox.agents where slug = 'a'");
	q("select signalbox.agent_set('a', '{\"budget_day\": \"2.5\", \"budget_month\": \"50\"}', 'test')");

	wait_figure(BUDGET("month", "limit"), "50");
	assert_string_equal(figure(BUDGET("day", "limit")), "2.5");
	assert_string_equal(figure(BUDGET("month", "spent")), "4");
	assert_string_equal(figure(BUDGET("day", "spent")), "1");
	EXPECT("1.0 4.0",
	       "select round(cost_today_usd, 1) || ' ' || round(cost_month_usd, 1) from signalbox.agents_page() where slug = 'a'");
	EXPECT("1500000000000", "select signalbox.money_left(id)::bigint from signalbox.agents where slug = 'a'");
	q("select signalbox.agent_set('a', '{\"budget_day\": null}', 'test')");
	EXPECT("46000000000000", "select signalbox.money_left(id)::bigint from signalbox.agents where slug = 'a'");
	q("select signalbox.agent_set('a', '{\"budget_day\": \"2.5\"}', 'test')");

	const char *cli = text("%s/agent.out", W.dir), *console = text("%s/agents.out", W.dir);
	assert_int_equal(run("/bin/sh", "-c", "\"$0\" agent a >$1", bin("signalbox"), cli, NULL), 0);
	check_said(cli, "budget, day +\\$1[.0]* of \\$2[.]50* \\(40%\\)");
	check_said(cli, "budget, month +\\$4[.0]* of \\$50[.0]* \\(8%\\)");
	assert_int_equal(run("/bin/sh", "-c", "\"$0\" --once --view agents --size 160x40 >$1", bin("signalbox"), console, NULL),
	                 0);
	check_said(console, "budget +day \\$1 of \\$2.5 \\(40%\\) +month \\$4 of \\$50 \\(8%\\)");
}

/* What all calls cost when this one has been answered. */
static const char *cost_after(const char *question)
{
	const char *m = say("o", question);
	wait_for(
		text("select count(*) from signalbox.ai_costs c join signalbox.attempts t using (job_id) join signalbox.ai_messages m "
	             "on m.id = t.message_id where m.uuid = '%s' and m.processing_status = 'completed'",
	             m),
		"1", 0);
	return q("select (sum(cost_pico) / 1e12)::float8 from signalbox.ai_costs");
}

/* Tokens are priced when somebody looks: once, however often that is. */
static void test_cost_is_added_once(void **state)
{
	(void)state;
	static const char COST[] = "agent_cost_total{agent=\"o\",provider=\"o\",model=\"dear\"}";
	q("insert into signalbox.model_prices (model, valid_from, input_pico, output_pico, source) values "
	  "('dear', '2026-01-01', 1000000000, 2000000000, 'test')");
	q("select signalbox.agent_set('o', '{\"model\": \"dear\"}', 'test')");
	const char *cost = cost_after("question 1");
	wait_figure(COST, cost);
	/* Another look, which is told by what else it sees. */
	q("select signalbox.agent_set('a', '{\"budget_day\": \"11\"}', 'test')");
	wait_figure(BUDGET("day", "limit"), "11");
	assert_string_equal(figure(COST), cost);
	wait_figure(COST, cost_after("question 2"));
}

static void test_hosts(void **state)
{
	(void)state;
	assert_string_equal(status("Host: localhost\r\n"), "200");
	assert_string_equal(status("Host: evil.example\r\n"), "403");
	assert_string_equal(status("Host: localhost\r\nHost: localhost\r\n"), "400");
	assert_string_equal(status("Host: localhost\r\nHost: evil.example\r\n"), "400");
	assert_string_equal(status("Host: evil.example\r\nhost: localhost\r\n"), "400");
	assert_string_equal(status("Host: localhost\r\n"), "200");
}

#define T(test) cmocka_unit_test_setup_teardown(test, figures_up, scene_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nothing_is_wrong),
		T(test_a_month_is_no_day),
		T(test_cost_is_added_once),
		T(test_hosts),
	};
	return world_end(cmocka_run_group_tests_name("figures", tests, world_up, world_down));
}
