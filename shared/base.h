#pragma once
/*
 * What every file may lean on: attributes, small helpers, and clean-up of resources that are not memory.
 * Includes nothing of ours.
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

/* A broken promise of our own code, as opposed to an error of the world: say where, and stop. */
#define BUG(...) (fprintf(stderr, "BUG %s:%d: ", __FILE__, __LINE__), fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())

/* Small allocations do not fail; remote-sized data goes through arenas and strbufs with caps. Caller owns, frees with free(). */
static inline void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);
	if (p == NULL)
		abort();
	return p;
}

static inline char *xstrdup(const char *s)
{
	char *p = strdup(s);
	if (p == NULL)
		abort();
	return p;
}

typedef int64_t usec_t; /* microseconds */
#define USEC_PER_SEC 1000000LL
#define USEC_PER_MSEC 1000LL
