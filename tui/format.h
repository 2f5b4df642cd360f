#pragma once
/* Formats numbers for people. Pure; each function writes into buf and returns it. */
#include "shared/base.h"

#define FORMAT_MAX 32

const char *format_duration(double seconds, char buf[static FORMAT_MAX]); /* "0.4s" "9s" "2m10s" "3h05m" "4d02h" */
/* "250ms"; from 1 s on as format_duration; "-" below 0 */
const char *format_latency(double seconds, char buf[static FORMAT_MAX]);
const char *format_count(double n, char buf[static FORMAT_MAX]); /* "950" "1 842" "31.2k" "1.21M" */
/* "▁▂ ▇█": a bar for each of n values, relative to the largest; 0 is a blank. size: of buf, at
 * least 3 * n + 2 bytes. */
const char *format_spark(const double *values, int n, char *buf, size_t size);
/* Dollars from text such as "0.0000264"; "unknown" for NULL. */
const char *format_usd(const char *amount, char buf[static FORMAT_MAX]);
