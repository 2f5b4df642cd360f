#pragma once
/*
 * One event a line on stderr, logfmt: ts lvl msg key=value. Values are escaped, so that no text from outside can forge a line or
 * reach a terminal raw. Never the text of messages, answers, prompts or keys: ids and sizes. The log sink is the only global.
 */
#include "shared/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level);
/* "debug", "info", "warn", "error"; -1 for anything else. */
int log_level_of(const char *name);
/* Message in plain words; fields as "key=%s" pieces are the caller's format: values with spaces go through log_quote. */
void log_event(enum log_level, const char *msg, const char *fields_fmt, ...) PRINTF(3, 4);
/* Quotes a value of unknown content into buf. Returns buf. */
const char *log_quote(const char *value, char *buf, size_t size);
