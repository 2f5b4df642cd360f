#pragma once
/*
 * One event per line on stderr, in logfmt: ts lvl msg key=value. Values are escaped, so that text
 * from outside can neither forge a line nor send control characters to a terminal. Never log the
 * text of messages, answers, prompts or keys; log ids and sizes. The log level is the only global
 * variable.
 */
#include "shared/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level);
/* "debug", "info", "warn", "error"; -1 for anything else. */
int log_level_of(const char *name);
/* msg: plain words. fields_fmt: the caller's "key=%s" pairs; values with spaces must go through
 * log_quote. */
void log_event(enum log_level, const char *msg, const char *fields_fmt, ...) PRINTF(3, 4);
/* Quotes a value of unknown content into buf. Returns buf. */
const char *log_quote(const char *value, char *buf, size_t size);
