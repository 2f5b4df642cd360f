/*
 * Classification of questions: how well an agent's classification does on labelled texts, one text,
 * the list of labels. A worker classifies (table signalbox.work), and never sees the true labels.
 */
#include "shared/json.h"
#include "shared/utf8.h"
#include "sql_embed.h"
#include "tui/cli/cli.h"
#include "tui/cli/confusion.h"
#include "tui/format.h"
#include "tui/i18n.h"

#define FILE_MAX (16u << 20)
#define TEXTS_MAX 10000
#define COLUMNS_MAX 14 /* columns of a table that fits into 80 cells */

struct eval {
	struct cli *cli;
	const char *agent;
	const char *labels[CONFUSION_MAX];
	int n_labels;
	int *is; /* true label of each text */
	int n;
	struct strbuf args;
	struct confusion confusion;
};

static int label_of(const struct eval *e, struct str label)
{
	for (int i = 0; i < e->n_labels; i++)
		if (str_eq(label, e->labels[i]))
			return i;
	return -1;
}

/* ---- work for a worker */

static int ask_worker(struct eval *e, const struct json **doc)
{
	struct cli *cli = e->cli;
	struct rows r;
	int alive = cli_workers_alive(cli);
	if (alive < 0)
		return EXIT_NO_DB;
	if (alive == 0)
		return cli_no_worker(cli, NULL);
	const char *params[] = { strbuf_text(&e->args), cli->options->operator_name };
	int code = cli_query(cli, sql_tui_work_add, params, 2, &r);
	if (code != 0)
		return code;
	return cli_await_work(cli, rows_at(&r, 0, COL_WORK_ADD_WORK), doc);
}

/* ---- labels */

static int load_labels(struct eval *e)
{
	const char *params[] = { e->agent };
	struct rows r;
	struct err err;
	int code = cli_query(e->cli, sql_tui_intents, params, 1, &r);
	if (code != 0)
		return code;
	if (r.n_rows == 0) {
		err_set(&err, ERR_NOT_FOUND, "no agent %.60s with intents", e->agent);
		return cli_error(&err, "");
	}
	for (int i = 0; i < MIN(r.n_rows, CONFUSION_MAX); i++)
		e->labels[e->n_labels++] = rows_at(&r, i, COL_INTENTS_LABEL);
	e->confusion.n = e->n_labels;
	return 0;
}

static int cmd_labels(struct cli *cli)
{
	struct rows r;
	struct err err;
	int code = cli_options(cli, NULL, 0, 2, 2);
	const char *params[] = { code == 0 ? cli->argv[1] : NULL };
	if (code == 0)
		code = cli_list(cli, sql_tui_intents, params, 1, &r);
	if (code != 0 || cli->json)
		return code;
	if (r.n_rows == 0) {
		err_set(&err, ERR_NOT_FOUND, "no agent %.60s with intents", cli->argv[1]);
		return cli_error(&err, "");
	}
	for (int i = 0; i < r.n_rows; i++)
		printf("%-20s %s%s%s\n", cli_safe(cli, rows_at(&r, i, COL_INTENTS_LABEL)),
		       cli_safe(cli, rows_at(&r, i, COL_INTENTS_DESCRIPTION)),
		       rows_int(&r, i, COL_INTENTS_EXAMPLES, 0) > 0 ? "  +" : "",
		       rows_int(&r, i, COL_INTENTS_EXAMPLES, 0) > 0 ? rows_at(&r, i, COL_INTENTS_EXAMPLES) : "");
	return EXIT_DONE;
}

/* ---- eval */

/* Without --agent: the only agent that has intents. */
static int find_agent(struct eval *e)
{
	struct rows r;
	if (e->agent != NULL)
		return 0;
	int code = cli_query(e->cli, sql_tui_intent_agents, NULL, 0, &r);
	if (code != 0)
		return code;
	if (r.n_rows != 1)
		return cli_usage_error(r.n_rows == 0 ? _("no agent has intents") : _("say which agent: --agent SLUG"));
	e->agent = rows_at(&r, 0, COL_INTENT_AGENTS_SLUG);
	return 0;
}

static void begin_args(struct eval *e)
{
	e->args = (struct strbuf)STRBUF_INIT(FILE_MAX * 2);
	strbuf_char(&e->args, '{');
	json_put_field(&e->args, "agent", e->agent);
	strbuf_str(&e->args, ",\"texts\":[");
}

static int read_texts(struct eval *e, const char *path)
{
	struct str rest;
	struct labelled one;
	int number = 0;
	bool bad = false;
	int code = cli_read(e->cli, path, FILE_MAX, &rest);
	e->is = arena_alloc(&e->cli->arena, sizeof *e->is * TEXTS_MAX);
	begin_args(e);
	while (code == 0 && labelled_next(&e->cli->arena, &rest, &number, &one, &bad)) {
		int is = bad ? -1 : label_of(e, one.label);
		if (bad)
			code = cli_usage_error(_("line %d is neither {\"text\": ..., \"label\": ...} nor text,label"), number);
		else if (is < 0)
			code = cli_usage_error(_("line %d: the agent has no label '%.*s'"), number, (int)MIN(one.label.len, 60),
			                       one.label.ptr);
		else if (e->n == TEXTS_MAX)
			code = cli_usage_error(_("over %d texts"), TEXTS_MAX);
		if (code != 0)
			break;
		strbuf_str(&e->args, e->n > 0 ? "," : "");
		json_put_str(&e->args, one.text);
		e->is[e->n++] = is;
	}
	strbuf_str(&e->args, "]}");
	return code == 0 && e->n == 0 ? cli_usage_error(_("%.200s holds no text"), path) : code;
}

static void add_up(struct eval *e, const struct json *doc)
{
	int i = 0;
	for (const struct json *t = json_first(json_get(doc, "result.texts")); t != NULL && i < e->n; t = json_next(t), i++) {
		struct str intent = STR(""), best = STR("");
		json_str(t, "intent", &intent);
		json_str(t, "best", &best);
		confusion_add(&e->confusion, e->is[i], label_of(e, intent), label_of(e, best), json_get(t, "error") != NULL);
	}
}

static void put_share(double share, int width)
{
	if (share < 0)
		printf("%*s", width, "-");
	else
		printf("%*.1f", width, share * 100);
}

static void print_table(struct eval *e)
{
	const struct confusion *c = &e->confusion;
	printf("\n%-20s %9s %9s %9s %7s\n", _("LABEL"), _("PRECISION"), _("RECALL"), "F1", _("TEXTS"));
	for (int i = 0; i < c->n; i++) {
		struct quality q = confusion_quality(c, i);
		printf("%-20.20s ", cli_safe(e->cli, e->labels[i]));
		put_share(q.precision, 9);
		put_share(q.recall, 10);
		put_share(q.f1, 10);
		printf(" %7d\n", q.texts);
	}
	if (c->n > COLUMNS_MAX) { /* too wide for a table: list the cells off the diagonal */
		printf("\n%s\n", _("taken for another"));
		for (int i = 0; i < c->n; i++)
			for (int k = 0; k <= c->n; k++)
				if (i != k && c->cells[i][k] > 0)
					printf("%-30.30s %-30.30s %6d\n", cli_safe(e->cli, e->labels[i]),
					       k < c->n ? cli_safe(e->cli, e->labels[k]) : "?", c->cells[i][k]);
		return;
	}
	printf("\n%-20s", _("is \\ taken for"));
	for (int k = 0; k < c->n; k++)
		printf("%4d", k + 1);
	printf("%4s\n", "?");
	for (int i = 0; i < c->n; i++) {
		printf("%2d %-17.17s", i + 1, cli_safe(e->cli, e->labels[i]));
		for (int k = 0; k <= c->n; k++)
			c->cells[i][k] > 0 ? printf("%4d", c->cells[i][k]) : printf("%4s", ".");
		putchar('\n');
	}
}

static void print_usage(struct cli *cli, const struct json *doc)
{
	struct str provider = STR("-"), model = STR("-"), cost = { NULL, 0 };
	char usd[FORMAT_MAX];
	int64_t calls = 0, in = 0, out = 0;
	json_str(doc, "result.usage.provider", &provider);
	json_str(doc, "result.usage.model", &model);
	json_str(doc, "result.usage.cost_usd", &cost);
	json_int(doc, "result.usage.calls", &calls);
	json_int(doc, "result.usage.tokens_prompt", &in);
	json_int(doc, "result.usage.tokens_completion", &out);
	double known;
	if (cost.ptr == NULL && json_double(doc, "result.usage.cost_usd", &known))
		cost = str_of(arena_strf(&cli->arena, "%.12f", known));
	printf(_("model %s of %s: %lld calls, %lld > %lld tok, cost %s\n"), cli_safe(cli, model.ptr), cli_safe(cli, provider.ptr),
	       (long long)calls, (long long)in, (long long)out, format_usd(cost.ptr, usd));
}

static void print_eval(struct eval *e, const struct json *doc)
{
	const struct confusion *c = &e->confusion;
	printf(_("agent %s: %d of %d texts right (%.1f %%)\n"), e->agent, c->right, c->total, confusion_accuracy(c) * 100);
	printf(_("%d wrong, %d unsure, %d not classified\n"), c->wrong, c->unsure, c->failed);
	printf(_("without a threshold %d would be right (%.1f %%)\n"), c->best, c->total > 0 ? 100.0 * c->best / c->total : 0);
	print_usage(e->cli, doc);
	print_table(e);
}

static void eval_put_double(struct strbuf *b, const char *key, double v)
{
	json_put_key(b, key);
	if (v < 0)
		strbuf_str(b, "null");
	else
		strbuf_addf(b, "%lld.%04lld", (long long)(v * 10000 + 0.5) / 10000, (long long)(v * 10000 + 0.5) % 10000);
}

static void print_json(struct eval *e, const char *usage)
{
	const struct confusion *c = &e->confusion;
	struct strbuf b = STRBUF_INIT(4u << 20);
	strbuf_char(&b, '{');
	json_put_field(&b, "agent", e->agent);
	json_put_int_field(&b, "texts", c->total);
	json_put_int_field(&b, "right", c->right);
	json_put_int_field(&b, "wrong", c->wrong);
	json_put_int_field(&b, "unsure", c->unsure);
	json_put_int_field(&b, "failed", c->failed);
	eval_put_double(&b, "accuracy", confusion_accuracy(c));
	eval_put_double(&b, "accuracy_without_threshold", c->total > 0 ? (double)c->best / c->total : -1);
	strbuf_str(&b, ",\"labels\":[");
	for (int i = 0; i < c->n; i++) {
		struct quality q = confusion_quality(c, i);
		strbuf_str(&b, i > 0 ? ",{" : "{");
		json_put_field(&b, "label", e->labels[i]);
		eval_put_double(&b, "precision", q.precision);
		eval_put_double(&b, "recall", q.recall);
		eval_put_double(&b, "f1", q.f1);
		json_put_int_field(&b, "texts", q.texts);
		strbuf_str(&b, ",\"taken_for\":[");
		for (int k = 0; k <= c->n; k++)
			strbuf_addf(&b, "%s%d", k > 0 ? "," : "", c->cells[i][k]);
		strbuf_str(&b, "]}");
	}
	strbuf_addf(&b, "],\"usage\":%s}", usage);
	cli_json(strbuf_text(&b));
	strbuf_release(&b);
}

static int cmd_eval(struct cli *cli)
{
	struct eval *e = arena_alloc(&cli->arena, sizeof *e);
	const struct cli_option options[] = { { "agent", &e->agent, NULL } };
	const struct json *doc = NULL;
	struct rows r;
	e->cli = cli;
	int code = cli_options(cli, options, 1, 2, 2);
	if (code == 0)
		code = find_agent(e);
	if (code == 0)
		code = load_labels(e);
	if (code == 0)
		code = read_texts(e, cli->argv[1]);
	if (code == 0)
		code = ask_worker(e, &doc);
	if (code == 0) {
		add_up(e, doc);
		int64_t id = 0;
		json_int(doc, "id", &id);
		const char *params[] = { arena_strf(&cli->arena, "%lld", (long long)id) };
		if (!cli->json)
			print_eval(e, doc);
		else if ((code = cli_query(cli, sql_tui_work_usage, params, 1, &r)) == 0)
			print_json(e, rows_at(&r, 0, COL_WORK_USAGE_USAGE));
	}
	strbuf_release(&e->args);
	return code;
}

static int cmd_try(struct cli *cli)
{
	struct eval *e = arena_alloc(&cli->arena, sizeof *e);
	const struct json *doc = NULL, *t;
	struct str intent = STR(""), best = STR(""), error;
	double confidence = 0;
	int code = cli_options(cli, NULL, 0, 3, 3);
	if (code != 0)
		return code;
	if (!utf8_valid(str_of(cli->argv[2])))
		return cli_usage_error("%s", _("the text is not valid UTF-8"));
	e->cli = cli;
	e->agent = cli->argv[1];
	begin_args(e);
	json_put_str(&e->args, str_of(cli->argv[2]));
	strbuf_str(&e->args, "]}");
	code = ask_worker(e, &doc);
	strbuf_release(&e->args);
	if (code != 0)
		return code;
	t = json_get(doc, "result.texts[0]");
	if (json_str(t, "error", &error)) {
		fprintf(stderr, "signalbox: %s\n", cli_safe(cli, error.ptr));
		return EXIT_FAILED;
	}
	json_str(t, "best", &best);
	json_double(t, "confidence", &confidence);
	bool is_sure = json_str(t, "intent", &intent);
	if (cli->json) {
		struct strbuf b = STRBUF_INIT(65536);
		strbuf_char(&b, '{');
		json_put_field(&b, "intent", is_sure ? intent.ptr : NULL);
		json_put_field(&b, "best", best.len > 0 ? best.ptr : NULL);
		eval_put_double(&b, "confidence", confidence);
		strbuf_char(&b, '}');
		cli_json(strbuf_text(&b));
		strbuf_release(&b);
		return EXIT_DONE;
	}
	if (is_sure)
		printf("%s  %.2f\n", cli_safe(cli, intent.ptr), confidence);
	else
		printf(_("unsure (nearest: %s, %.2f)\n"), best.len > 0 ? cli_safe(cli, best.ptr) : "-", confidence);
	print_usage(cli, doc);
	return EXIT_DONE;
}

int cmd_intent(struct cli *cli)
{
	static const struct {
		const char *name;
		int (*run)(struct cli *);
	} VERBS[] = { { "eval", cmd_eval }, { "try", cmd_try }, { "labels", cmd_labels } };
	for (size_t i = 0; cli->argc > 0 && i < ARRAY_SIZE(VERBS); i++)
		if (strcmp(cli->argv[0], VERBS[i].name) == 0)
			return VERBS[i].run(cli);
	return cli_usage_error("%s", _("usage: signalbox intent eval FILE | try AGENT TEXT | labels AGENT"));
}
