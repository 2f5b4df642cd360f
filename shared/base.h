#pragma once
/*
 * Base definitions for every file: attributes, small helpers, and clean-up of resources that are
 * not memory. Includes system headers only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUSTCHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Reports a violated invariant of our own code (not an external error) with file and line, and
 * aborts. */
#define BUG(...) (fprintf(stderr, "BUG %s:%d: ", __FILE__, __LINE__), fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())

/* Ends the process when a small allocation fails; the lease of a worker then expires and its
 * messages return to the queue. Data whose size comes from outside goes through arenas and strbufs
 * with caps. */
static inline void *must_have(void *p)
{
	if (p == NULL) {
		fputs("out of memory\n", stderr);
		_Exit(1);
	}
	return p;
}

/* The caller owns the result and frees it with free(). */
static inline void *xcalloc(size_t n, size_t size)
{
	return must_have(calloc(n, size));
}

static inline char *xstrdup(const char *s)
{
	return must_have(strdup(s));
}

typedef int64_t usec_t; /* microseconds */
#define USEC_PER_SEC 1000000LL
#define USEC_PER_MSEC 1000LL
