/*
 * commands.def is the one list of what an operator can do. Two commands on one key in one scope, a key that no terminal can send, or a
 * command that nothing reaches are mistakes that no compiler sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/command.h"
#include "tui/keys.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* The codes of a command's keys; answers how many. */
static int codes_of(enum cmd c, int out[8])
{
	int n = 0;
	char keys[80], *save, *word;
	snprintf(keys, sizeof keys, "%s", COMMANDS[c].keys);
	for (word = strtok_r(keys, " ", &save); word != NULL && n < 8; word = strtok_r(NULL, " ", &save)) {
		out[n] = keys_code(word);
		if (out[n] == K_NONE)
			fail_msg("%s: no key is called '%s'", COMMANDS[c].name, word);
		n++;
	}
	return n;
}

TEST(every_key_is_one_a_terminal_sends)
{
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++) {
		int codes[8];
		codes_of(c, codes);
		assert_true(COMMANDS[c].scope < SCOPE_N);
		assert_non_null(COMMANDS[c].help);
		assert_in_range(strlen(COMMANDS[c].help), 1, 58); /* the help's room at 80 columns */
	}
}

TEST(no_key_twice_in_a_scope)
{
	for (enum cmd a = CMD_NONE + 1; a < CMD_N; a++)
		for (enum cmd b = CMD_NONE + 1; b <= a; b++) {
			int ka[8], kb[8], na = codes_of(a, ka), nb = codes_of(b, kb);
			for (int i = 0; i < na && COMMANDS[a].scope == COMMANDS[b].scope; i++)
				for (int k = 0; k < (a == b ? i : nb); k++)
					if (ka[i] == kb[k])
						fail_msg("%s and %s have the same key in '%s'", COMMANDS[a].name,
						         COMMANDS[b].name, COMMANDS[a].keys);
		}
}

TEST(every_command_is_reached)
{
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++) {
		int codes[8], n = codes_of(c, codes);
		bool reached = false;
		assert_int_equal(command_of_name(COMMANDS[c].name), c);
		for (size_t v = 0; v < ARRAY_SIZE(VIEW_INFO); v++)
			for (int i = 0; i < n; i++)
				reached |= command_of_key(VIEW_INFO[v].scopes, codes[i]) == c;
		if (n > 0 && !reached)
			fail_msg("no view reaches %s by '%s'", COMMANDS[c].name, COMMANDS[c].keys);
	}
}

/* The way out, help and the other views must work wherever one is. */
TEST(nothing_hides_the_way_out)
{
	static const enum cmd EVERYWHERE[] = { CMD_quit,    CMD_back,   CMD_help,   CMD_interrupt, CMD_suspend,
		                               CMD_queue,   CMD_failed, CMD_agents, CMD_test,      CMD_prompt,
		                               CMD_refresh, CMD_redraw, CMD_undo };
	for (size_t v = 0; v < ARRAY_SIZE(VIEW_INFO); v++)
		for (size_t i = 0; i < ARRAY_SIZE(EVERYWHERE); i++) {
			int codes[8], n = codes_of(EVERYWHERE[i], codes);
			for (int k = 0; k < n; k++)
				if (command_of_key(VIEW_INFO[v].scopes, codes[k]) != EVERYWHERE[i])
					fail_msg("%s does not %s in %s", COMMANDS[EVERYWHERE[i]].keys,
					         COMMANDS[EVERYWHERE[i]].name, VIEW_INFO[v].name);
		}
}

TEST(the_narrowest_scope_wins)
{
	static const unsigned LIST_AND_ANY = 1u << SCOPE_LIST | 1u << SCOPE_ANY;
	assert_int_equal(command_of_key(SCOPES_QUEUE, 'r'), CMD_retry);
	assert_int_equal(command_of_key(SCOPES_FAILED, 'R'), CMD_retry_group);
	assert_int_equal(command_of_key(SCOPES_QUEUE, 'R'), CMD_NONE);
	assert_int_equal(command_of_key(SCOPES_MESSAGE, 'r'), CMD_retry_this);
	assert_int_equal(command_of_key(SCOPES_AGENTS, 'r'), CMD_NONE);
	/* Filters choose messages: where none are listed the key would do nothing, so it is not offered. */
	assert_int_equal(command_of_key(SCOPES_QUEUE, '/'), CMD_filter);
	assert_int_equal(command_of_key(SCOPES_FAILED, '/'), CMD_filter);
	assert_int_equal(command_of_key(SCOPES_AGENTS, '/'), CMD_NONE);
	assert_int_equal(command_of_key(SCOPES_HEALTH, '/'), CMD_NONE);
	assert_int_equal(command_of_key(SCOPES_MESSAGE, '/'), CMD_NONE);
	assert_int_equal(command_of_key(SCOPES_QUEUE, 'P'), CMD_pause);
	assert_int_equal(command_of_key(SCOPES_AGENTS, 'P'), CMD_pause_agent);
	assert_int_equal(command_of_key(SCOPES_QUEUE, K_ENTER), CMD_open);
	assert_int_equal(command_of_key(SCOPES_TEST, K_ENTER), CMD_input);
	assert_int_equal(command_of_key(SCOPES_TEST, 'j'), CMD_scroll_down);
	assert_int_equal(command_of_key(SCOPES_QUEUE, 'j'), CMD_down);
	assert_int_equal(command_of_key(LIST_AND_ANY, K_CTRL('r')), CMD_refresh);
	assert_int_equal(command_of_key(0, 'q'), CMD_NONE);
	assert_int_equal(command_of_key(SCOPES_QUEUE, K_NONE), CMD_NONE);
	assert_int_equal(command_of_name("nosuch"), CMD_NONE);
	assert_int_equal(command_of_name(""), CMD_NONE);
}

TEST(what_changes_something_is_marked_so)
{
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++)
		if (COMMANDS[c].flags & ASKS)
			assert_true(COMMANDS[c].flags & WRITES);
	assert_true(COMMANDS[CMD_cancel].flags & ASKS);
	assert_true(COMMANDS[CMD_cancel_this].flags & ASKS);
	assert_true(COMMANDS[CMD_retry_group].flags & ASKS);
	assert_true(COMMANDS[CMD_retry].flags & WRITES);
}

TEST(names_of_keys)
{
	char buf[16];
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++) {
		int codes[8], n = codes_of(c, codes);
		for (int i = 0; i < n; i++)
			assert_int_equal(keys_code(keys_name(codes[i], buf)), codes[i]);
		if (n > 0)
			assert_int_equal(keys_code(command_key(c, buf)), codes[0]);
	}
	for (int code = 1; code < 0x7F; code++)
		assert_int_equal(keys_code(keys_name(code, buf)), code);
	assert_int_equal(keys_code("^r"), K_CTRL('r'));
	assert_int_equal(keys_code("PgDn"), K_PGDN);
	assert_int_equal(keys_code("^"), '^');
	assert_int_equal(keys_code(""), K_NONE);
	assert_int_equal(keys_code("nosuch"), K_NONE);
}

TEST(the_printed_table_has_every_command)
{
	static char out[16384];
	FILE *f = fmemopen(out, sizeof out, "w");
	command_print_keys(f);
	fclose(f);
	for (enum cmd c = CMD_NONE + 1; c < CMD_N; c++) {
		char want[60];
		snprintf(want, sizeof want, "| `:%s` |", COMMANDS[c].name);
		assert_non_null(strstr(out, want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_one_a_terminal_sends),
		cmocka_unit_test(no_key_twice_in_a_scope),
		cmocka_unit_test(every_command_is_reached),
		cmocka_unit_test(nothing_hides_the_way_out),
		cmocka_unit_test(the_narrowest_scope_wins),
		cmocka_unit_test(what_changes_something_is_marked_so),
		cmocka_unit_test(names_of_keys),
		cmocka_unit_test(the_printed_table_has_every_command),
	};
	return cmocka_run_group_tests_name("tui commands", tests, NULL, NULL);
}
