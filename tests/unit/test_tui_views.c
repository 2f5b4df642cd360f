/* Views draw from a snapshot and nothing else: each is given one and its grid is read. What it must not do is take a neighbour's column, group
 * or transcript. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/view.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

static struct block *block_of(int n_cols, const char *const *cells, int n_rows, const char *about)
{
	struct block *b = xcalloc(1, sizeof *b);
	atomic_store(&b->refs, 1);
	b->n_rows = n_rows;
	b->n_cols = n_cols;
	b->cells = cells;
	snprintf(b->about, sizeof b->about, "%s", about);
	return b;
}

/* The view on a grid, as text; the caller frees. */
static char *drawn(struct view *v, const struct snapshot *s, usec_t now)
{
	struct screen *screen = screen_offline(120, 24, false);
	struct ui ui = {
		.screen = screen, .snap = s, .operator_name = "tester", .now = now, .filter = "", .top = 0, .bottom = 24
	};
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	screen_clear(screen);
	v->ops->draw(v, &ui);
	screen_print(screen, f);
	fclose(f);
	screen_close(screen);
	return text;
}

static void has(char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("no '%s' in:\n%s", what, text);
	free(text);
}

static void has_not(char *text, const char *what)
{
	if (strstr(text, what) != NULL)
		fail_msg("'%s' in:\n%s", what, text);
	free(text);
}

static struct view begin(const struct view_ops *ops)
{
	struct view v = { .ops = ops };
	ops->init(&v);
	return v;
}

static void end(struct view *v, struct snapshot *s)
{
	v->ops->release(v);
	for (int i = 0; i < BLOCK_N; i++)
		block_unref(s->blocks[i]);
}

TEST(age_is_since_the_start_of_what_runs_and_since_the_queueing_of_what_waits)
{
	static const char *cells[2 * sql_tui_queue_cols];
	struct snapshot s = { .link = LINK_LIVE };
	struct view v = begin(&view_queue);
	for (int row = 0; row < 2; row++) {
		const char **c = cells + row * sql_tui_queue_cols;
		for (int i = 0; i <= COL_QUEUE_TEXT; i++)
			c[i] = "1";
		c[COL_QUEUE_ID] = row == 0 ? "7" : "8";
		c[COL_QUEUE_STATUS] = row == 0 ? "processing" : "queued";
		c[COL_QUEUE_STATE] = row == 0 ? "run" : "queued";
		c[COL_QUEUE_SINCE] = "2026-01-31T09:00:00.000Z";
		c[COL_QUEUE_STARTED] = row == 0 ? "2026-01-31T09:00:50.000Z" : NULL;
		c[COL_QUEUE_RUN_AFTER] = c[COL_QUEUE_WAITS_FOR] = c[COL_QUEUE_ETA] = NULL;
		c[COL_QUEUE_TEXT] = row == 0 ? "runs" : "waits";
	}
	s.blocks[BLOCK_QUEUE] = block_of(sql_tui_queue_cols, cells, 2, "[]");
	s.as_of = clock_parse("2026-01-31T09:01:00.000Z");
	v.ops->bind(&v, &s);
	has(drawn(&v, &s, s.as_of), " 10s       -");
	has(drawn(&v, &s, s.as_of), "1m00s       ?");
	end(&v, &s);
}

/* A group is a cause and a provider, or a cause and none, of one day: each makes a difference. */
TEST(a_group_is_narrowed_by_all_that_makes_it)
{
	static const char *const GROUPS[] = { "3", "server_error", "p",  "luna 3",      "2026-01-31T09:00:00.000Z", "f", "0.1",
		                              "2", "server_error", NULL, "luna 1, a 1", "2026-01-31T09:00:00.000Z", "f", "0.1" };
	struct snapshot s = { .link = LINK_LIVE };
	struct view v = begin(&view_failed);
	struct want w = { .filter = "[]" };
	s.blocks[BLOCK_GROUPS] = block_of(sql_tui_groups_cols, GROUPS, 2, "[]");
	v.ops->want(&v, &w);
	assert_string_equal(w.narrow, "");
	v.ops->bind(&v, &s);
	v.ops->want(&v, &w);
	assert_string_equal(w.narrow, "{\"field\":\"cause\",\"op\":\"is\",\"not\":false,\"values\":[\"server_error\"]},"
	                              "{\"field\":\"prov\",\"op\":\"is\",\"not\":false,\"values\":[\"p\"]},"
	                              "{\"field\":\"age\",\"op\":\"<\",\"not\":false,\"values\":[\"86400\"]}");
	struct ui ui = { .snap = &s };
	assert_true(v.ops->command(&v, &ui, CMD_down));
	v.ops->want(&v, &w);
	assert_non_null(strstr(w.narrow, "\"prov\",\"op\":\"is\",\"not\":false,\"values\":[null]"));
	end(&v, &s);
}

/* Rows of the group before, which came late, do not come under this one's title. */
TEST(rows_of_another_group_are_not_shown)
{
	static const char *const GROUPS[] = { "3", "server_error", "p", "luna 3", "2026-01-31T09:00:00.000Z", "f", "0.1" };
	static const char *rows[sql_tui_failed_cols];
	struct snapshot s = { .link = LINK_LIVE };
	struct view v = begin(&view_failed);
	struct want w = { .filter = "[]" };
	for (int i = 0; i <= COL_FAILED_TEXT; i++)
		rows[i] = "f";
	rows[COL_FAILED_ID] = "9";
	rows[COL_FAILED_RETRY_AT] = NULL;
	rows[COL_FAILED_SINCE] = "2026-01-31T09:00:00.000Z";
	rows[COL_FAILED_TEXT] = "of another group";
	s.blocks[BLOCK_GROUPS] = block_of(sql_tui_groups_cols, GROUPS, 1, "[]");
	s.blocks[BLOCK_FAILED] = block_of(sql_tui_failed_cols, rows, 1, "[]");
	v.ops->want(&v, &w);
	v.ops->bind(&v, &s);
	has_not(drawn(&v, &s, 0), "of another group");
	v.ops->want(&v, &w);
	snprintf(s.blocks[BLOCK_FAILED]->about, sizeof s.blocks[BLOCK_FAILED]->about, "[%s]", w.narrow);
	v.ops->bind(&v, &s);
	has(drawn(&v, &s, 0), "of another group");
	end(&v, &s);
}

TEST(another_agents_transcript_is_not_shown)
{
	static const char *rows[sql_tui_transcript_cols];
	struct snapshot s = { .link = LINK_LIVE };
	struct view v = begin(&view_test);
	rows[COL_TRANSCRIPT_ROLE] = "user";
	rows[COL_TRANSCRIPT_MESSAGE_ID] = "u";
	rows[COL_TRANSCRIPT_STATUS] = "completed";
	rows[COL_TRANSCRIPT_CONTENT] = "said to aria";
	rows[COL_TRANSCRIPT_AT] = "2026-01-31T09:00:00.000Z";
	s.blocks[BLOCK_TRANSCRIPT] = block_of(sql_tui_transcript_cols, rows, 1, "aria");
	v.ops->open(&v, "luna");
	v.ops->bind(&v, &s);
	has_not(drawn(&v, &s, 0), "said to aria");
	v.ops->open(&v, "aria");
	v.ops->bind(&v, &s);
	has(drawn(&v, &s, 0), "said to aria");
	v.ops->open(&v, "luna"); /* what was shown goes with its agent */
	has_not(drawn(&v, &s, 0), "said to aria");
	end(&v, &s);
}

TEST(a_message_wears_no_other_ones_title)
{
	static const char *const CELLS[] = { "doc", "0", "0" };
	struct snapshot s = { .link = LINK_LIVE };
	struct view v = begin(&view_message);
	s.blocks[BLOCK_MESSAGE] = block_of(3, CELLS, 0, "528");
	v.ops->open(&v, "528");
	v.ops->bind(&v, &s);
	has(drawn(&v, &s, 0), "there is no message 528");
	v.ops->open(&v, "529");
	has(drawn(&v, &s, 0), " Message 529\n");
	has(drawn(&v, &s, 0), "reading");
	snprintf(s.refused, sizeof s.refused, "permission denied");
	has(drawn(&v, &s, 0), "not read: permission denied");
	end(&v, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(age_is_since_the_start_of_what_runs_and_since_the_queueing_of_what_waits),
		cmocka_unit_test(a_group_is_narrowed_by_all_that_makes_it),
		cmocka_unit_test(rows_of_another_group_are_not_shown),
		cmocka_unit_test(another_agents_transcript_is_not_shown),
		cmocka_unit_test(a_message_wears_no_other_ones_title),
	};
	return cmocka_run_group_tests_name("tui views", tests, NULL, NULL);
}
