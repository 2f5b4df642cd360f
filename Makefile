# signalbox. `make run` starts everything with practice data, `make check` tests it; README.md says the rest.
MAKEFLAGS += -rR --warn-undefined-variables
.DELETE_ON_ERROR:
.SUFFIXES:

SAN        ?=
TEST_HOOKS ?=
PREFIX     ?= /usr/local
DESTDIR    ?=
CFLAGS     ?= -O2 -g
V          := $(if $(SAN),$(SAN),plain)$(if $(TEST_HOOKS),-hooks)
B          := build/$(V)
BIN        := $(if $(filter plain,$(V)),build/bin,$(B)/bin)
CC         := gcc
PKGS       := libpq libcjson libutf8proc
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) libcurl 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough \
        -Wno-format-nonliteral -Wno-format-truncation -Werror $(if $(SAN),,-Wframe-larger-than=16384)
HARDEN := $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
          -ftrivial-auto-var-init=zero) -fno-delete-null-pointer-checks -fno-strict-overflow -fPIE
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(HARDEN) -fno-omit-frame-pointer -pthread -I. -I$(B) $(PKG_CFLAGS) \
          $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -DSAN=1) $(if $(TEST_HOOKS),-DTEST_HOOKS=1) \
          -DLOCALE_DIR='"$(PREFIX)/share/locale"'
LDFLAGS := -pthread -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(if $(SAN),-fsanitize=$(SAN))
LDLIBS  := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

SHARED := $(wildcard shared/*.c)
WORKER := $(wildcard worker/*.c worker/*/*.c)
TUI    := $(wildcard tui/*.c tui/*/*.c)
SQL    := $(sort $(wildcard sql/*/*.sql))
o       = $(patsubst %.c,$(B)/%.o,$(1))
LIB    := $(call o,$(SHARED)) $(B)/sql_embed.o
WORKER_ROOMS := $(filter-out $(B)/worker/main.o,$(call o,$(WORKER)))
TUI_ROOMS    := $(filter-out $(B)/tui/main.o,$(call o,$(TUI)))

.PHONY: all deps run stop check check-all lint bench fuzz docs install clean po
all: $(BIN)/signalbox $(BIN)/signalbox-worker

$(BIN)/signalbox-worker: $(call o,$(WORKER)) $(LIB)
$(BIN)/signalbox-worker: LDLIBS += $(shell pkg-config --libs libcurl 2>/dev/null)
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
$(B)/sql_embed.c $(B)/sql_embed.h &: $(SQL) sql/embed.awk
	@mkdir -p $(@D)
	@awk -v hdr=$(B)/sql_embed.h -f sql/embed.awk $(SQL) > $(B)/sql_embed.c
-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- tests
TEST_LIB := $(call o,$(wildcard tests/lib/harness/*.c))
FAKE_LLM := $(B)/tests/fake_llm
$(FAKE_LLM): $(B)/tests/lib/fake_llm.o $(LIB)
	@echo '  LINK $@'
	@$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@
