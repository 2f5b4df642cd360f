# signalbox. `make run` starts everything with practice data, `make check` tests it; README.md says the rest.
MAKEFLAGS += -rR --warn-undefined-variables
.DELETE_ON_ERROR:
.SUFFIXES:

SAN        ?=
TEST_HOOKS ?=
FUZZ       ?=
PREFIX     ?= /usr/local
DESTDIR    ?=
ONLY       ?=
CFLAGS     ?= -O2 -g
comma      := ,
V          := $(if $(FUZZ),fuzz,$(if $(SAN),$(subst $(comma),+,$(SAN)),plain)$(if $(TEST_HOOKS),-hooks))
B          := build/$(V)
BIN        := $(if $(filter plain,$(V)),build/bin,$(B)/bin)
CC         := $(if $(FUZZ),clang,gcc)
PKGS       := libpq libcjson libutf8proc nettle libseccomp
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) libcurl 2>/dev/null)

FUZZER := address,undefined
WARN := $(if $(FUZZ),-w,-Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough \
        -Wno-format-nonliteral -Wno-format-truncation -Werror $(if $(SAN),,-Wframe-larger-than=16384))
HARDEN := $(if $(SAN)$(FUZZ),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
          -ftrivial-auto-var-init=zero) -fno-delete-null-pointer-checks -fno-strict-overflow -fPIE
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(HARDEN) -fno-omit-frame-pointer -pthread -I. -I$(B) $(PKG_CFLAGS) \
          $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -DSAN=1) \
          $(if $(FUZZ),-fsanitize=fuzzer-no-link$(comma)$(FUZZER) -fno-sanitize-recover=all -DSAN=1) $(if $(TEST_HOOKS),-DTEST_HOOKS=1) \
          -DLOCALE_DIR='"$(PREFIX)/share/locale"'
LDFLAGS := -pthread -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(if $(SAN),-fsanitize=$(SAN)) $(if $(FUZZ),-fsanitize=fuzzer$(comma)$(FUZZER))
LDLIBS  := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

SHARED := $(wildcard shared/*.c)
WORKER := $(wildcard worker/*.c worker/*/*.c worker/*/*/*.c)
TUI    := $(wildcard tui/*.c tui/*/*.c)
SQL    := $(sort $(wildcard sql/*/*.sql sql/functions/*/*.sql))
o       = $(patsubst %.c,$(B)/%.o,$(1))
LIB    := $(call o,$(SHARED)) $(B)/sql_embed.o
WORKER_ROOMS := $(filter-out $(B)/worker/main.o,$(call o,$(WORKER)))
TUI_ROOMS    := $(filter-out $(B)/tui/main.o,$(call o,$(TUI)))

.PHONY: all fuzz fuzz-build deps run stop check check-all mutants lint docs install clean po test-build bench bench-build
all: $(BIN)/signalbox $(BIN)/signalbox-worker

$(BIN)/signalbox-worker: $(call o,$(WORKER)) $(LIB)
$(BIN)/signalbox-worker: LDLIBS += $(shell pkg-config --libs libcurl libmicrohttpd 2>/dev/null)
$(BIN)/signalbox: $(call o,$(TUI)) $(LIB)
$(BIN)/signalbox: LDLIBS += -lncursesw
$(BIN)/signalbox $(BIN)/signalbox-worker:
	@mkdir -p $(@D)
	@echo '  LINK $@'
	@$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@
$(B)/%.o: %.c Makefile | $(B)/sql_embed.h
	@mkdir -p $(@D)
	@echo '  CC   $<'
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
$(B)/sql_embed.o: $(B)/sql_embed.c
	@$(CC) $(ALL_CFLAGS) -c $< -o $@
# What is generated keeps its time where it is the same: another statement's text compiles one file, not all that include the header.
$(B)/sql_embed.stamp: $(SQL) sql/embed.awk
	@mkdir -p $(@D)
	@awk -v hdr=$(B)/sql_embed.h.new -f sql/embed.awk $(SQL) > $(B)/sql_embed.c.new
	@for f in c h; do cmp -s $(B)/sql_embed.$$f.new $(B)/sql_embed.$$f && rm $(B)/sql_embed.$$f.new || mv $(B)/sql_embed.$$f.new $(B)/sql_embed.$$f; done
	@touch $@
$(B)/sql_embed.c $(B)/sql_embed.h: $(B)/sql_embed.stamp
	@:
-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- set-up and practice
deps:
	@tests/lib/deps.sh
run: deps
	@$(MAKE) -s all build/plain/tests/fake_llm SAN= TEST_HOOKS=
	@tests/practice/run.sh
stop:
	@tests/practice/stop.sh

# ---- tests
HARNESS   := $(call o,$(wildcard tests/lib/harness/*.c))
FAKE_LLM  := $(B)/tests/fake_llm
UNIT      := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*.c))
UNIT_TUI  := $(filter $(B)/tests/unit/test_tui_%,$(UNIT))
INTEGRATION := $(patsubst %.c,$(B)/%,$(wildcard tests/integration/*.c))
PROPERTY  := $(B)/tests/property/test_property
LINK_TEST = @echo '  LINK $@'; mkdir -p $(@D); $(CC) $(LDFLAGS) $(filter %.o,$^)

$(FAKE_LLM): $(B)/tests/lib/fake_llm.o $(call o,$(wildcard tests/lib/fake/*.c)) $(LIB)
	$(LINK_TEST) $(LDLIBS) -o $@
$(UNIT_TUI): $(B)/%: $(B)/%.o $(TUI_ROOMS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lncursesw -lcmocka -o $@
$(filter-out $(UNIT_TUI),$(UNIT)): $(B)/%: $(B)/%.o $(WORKER_ROOMS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lcurl -lmicrohttpd -lcmocka -o $@
BOX := $(B)/tests/sandbox/box
$(BOX): $(B)/tests/sandbox/box.o $(WORKER_ROOMS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lcurl -lmicrohttpd -o $@
PEERS_BODY := $(B)/tests/peers/body
JUDGE := $(B)/tests/schema/judge
$(PEERS_BODY) $(JUDGE): %: %.o $(WORKER_ROOMS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lcurl -lmicrohttpd -o $@
$(INTEGRATION): $(B)/%: $(B)/%.o $(HARNESS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lcmocka -o $@
$(PROPERTY): $(call o,$(wildcard tests/property/*.c)) $(HARNESS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lcmocka -o $@
# Each harness with a main that replays the recordings (tests/fuzz/replay.c), or, with FUZZ=1, with a fuzzer's.
FUZZ_ALL  := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TUI  := $(filter %/fuzz_filter %/fuzz_screen,$(FUZZ_ALL))
FUZZ_MAIN := $(if $(FUZZ),,$(B)/tests/fuzz/replay.o)
$(FUZZ_TUI): $(B)/%: $(B)/%.o $(FUZZ_MAIN) $(TUI_ROOMS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lncursesw -o $@
$(filter-out $(FUZZ_TUI),$(FUZZ_ALL)): $(B)/%: $(B)/%.o $(FUZZ_MAIN) $(WORKER_ROOMS) $(LIB)
	$(LINK_TEST) $(LDLIBS) -lcurl -lmicrohttpd -o $@
# The doubling test counts the work of the parsers, which are compiled a second time for it.
COUNTED := $(filter-out worker/llm/call.c worker/llm/llm.c worker/llm/intent.c worker/llm/report.c worker/llm/breaker.c worker/llm/route.c worker/llm/vectors.c,\
           $(wildcard worker/llm/*.c worker/llm/providers/*.c)) worker/net/split.c $(addprefix shared/,json.c utf8.c str.c arena.c err.c clock.c)
COUNTING := -fsanitize-coverage=trace-pc -fno-builtin
WRAP     := $(addprefix -Wl$(comma)--wrap=,memcpy memmove memchr memcmp memmem strstr strlen strspn strcmp strcasestr)
LINEAR   := $(B)/tests/fuzz/linear
$(B)/counted/%.o: %.c Makefile | $(B)/sql_embed.h
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -U_FORTIFY_SOURCE $(COUNTING) -MMD -MP -c $< -o $@
$(LINEAR): $(B)/tests/fuzz/linear.o $(patsubst %.c,$(B)/counted/%.o,$(COUNTED))
	$(LINK_TEST) $(WRAP) $(LDLIBS) -lcmocka -o $@
.SECONDARY:

test-build: all $(FAKE_LLM) $(PEERS_BODY) $(JUDGE) $(BOX) $(UNIT) $(INTEGRATION) $(PROPERTY) $(FUZZ_ALL) $(if $(SAN),,$(LINEAR))
CHECK = SIGNALBOX_BIN_DIR='$(BIN)' FAKE_LLM='$(FAKE_LLM)' tests/lib/check.sh
# Terminal and network tests drive the plain binary: what a sanitizer would find there the other kinds find.
check: deps
	@tests/lib/deps.sh promtool
	@tests/lib/deps.sh nginx
	@$(MAKE) -s lint
	@$(MAKE) -s test-build
	@TEST_JOBS=$(if $(SAN),1,3) $(CHECK) tests/lib/test_check.sh $(UNIT) $(FUZZ_ALL) $(if $(SAN),,$(LINEAR)) $(INTEGRATION) $(PROPERTY) $(if $(SAN),,$(wildcard tests/term/*.sh tests/sandbox/*.sh) $(filter-out %/versions.sh,$(wildcard tests/net/*.sh)))
check-all: check
	@TEST_POOLER=1 $(CHECK) $(filter %/test_states %/test_faults %/test_two_workers,$(INTEGRATION))
	@tests/lib/deps.sh prometheus
	@TEST_LONG=1 TEST_LIMIT=600 $(CHECK) $(wildcard tests/net/*.sh tests/sandbox/*.sh tests/adopt/*.sh tests/otel/*.sh tests/peers/*.sh tests/schema/*.sh tests/clients/*.sh tests/versions/*.sh) tests/intent/quality.sh tests/prices/public.sh
	@TEST_LONG=1 TEST_LIMIT=900 $(CHECK) $(PROPERTY) $(filter %/test_money,$(INTEGRATION))
	@$(MAKE) -s fuzz
	@$(MAKE) -s mutants
	@$(MAKE) -s check SAN=address,undefined
	@$(MAKE) -s check SAN=thread

# A fuzzer on every harness of tests/fuzz for FUZZ_SECONDS each; ON=reply: on one.
FUZZ_SECONDS ?= 30
ON           ?=
fuzz: deps
	@tests/lib/deps.sh fuzz
	@$(MAKE) -s fuzz-build FUZZ=1 SAN= TEST_HOOKS=
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZERS='$(patsubst %.c,build/fuzz/%,$(or $(ON:%=tests/fuzz/fuzz_%.c),$(wildcard tests/fuzz/fuzz_*.c)))' \
		TEST_LIMIT=3600 $(CHECK) tests/fuzz/run.sh
fuzz-build: $(FUZZ_ALL)

# Small bugs that tests must see: make mutants ONLY=llm.c
mutants: deps
	@tests/mutants/run.sh '$(ONLY)'

# ---- benchmarks (docs/BENCHMARKS.md): make bench, or tests/bench/run.sh 1 --quick
CLOCKS := $(addprefix build/plain/tests/,stopwatch asker caller loop)
$(CLOCKS): build/plain/tests/%: $(B)/tests/bench/%.o $(LIB)
	$(LINK_TEST) $(LDLIBS) $(if $(filter caller loop,$*),-lcurl) -o $@
bench-build: all $(FAKE_LLM) $(CLOCKS)
	@tests/bench/run.sh deps
bench: deps
	@$(MAKE) -s bench-build SAN= TEST_HOOKS=
	@tests/bench/run.sh all

lint:
	@tests/lint/lint.sh
	@tests/mutants/run.sh --check
	@$(MAKE) -s docs
	@git diff --exit-code --stat -- docs/gen 2>/dev/null || { echo 'docs/gen is stale: make docs, and commit it'; exit 1; }

# ---- documents made from the tables
docs: all
	@mkdir -p docs/gen
	@{ echo '# Keys'; echo; env -i $(BIN)/signalbox --print-keys; } > docs/gen/keys.md
	@{ echo '# Settings of signalbox-worker'; echo; echo '```'; env -i $(BIN)/signalbox-worker --config /dev/null --print-settings; echo '```'; echo; \
	   echo '# Settings of signalbox'; echo; echo '```'; env -i $(BIN)/signalbox --config /dev/null --operator NAME --print-settings; echo '```'; } > docs/gen/settings.md
	@{ echo '# Errors'; echo; echo '| name | what becomes of the message | what the worker does |'; echo '|---|---|---|'; \
	   sed -n 's/^\tX([A-Z_]*, \([A-Z]*\), "\([a-z_]*\)", \([A-Z_| ]*\)).*/| `\2` | \1 | \3 |/p' shared/err.h | sed ':a; s/\(ACT_[A-Z_]*\) | \(ACT\)/\1, \2/; ta; s/ACT_//g' ; } > docs/gen/errors.md
po:
	@xgettext -k_ -kN_ -kNP_:1,2 -o shared/po/signalbox.pot --from-code=UTF-8 --no-location -s $(TUI) tui/commands.def tui/views.def tui/actions.def tui/cli/cli.def -L C 2>/dev/null

install: all
	install -D -m 755 build/bin/signalbox $(DESTDIR)$(PREFIX)/bin/signalbox
	install -D -m 755 build/bin/signalbox-worker $(DESTDIR)$(PREFIX)/bin/signalbox-worker
	install -D -m 644 worker/systemd/signalbox-worker.service $(DESTDIR)$(PREFIX)/lib/systemd/system/signalbox-worker.service
clean:
	rm -rf build
