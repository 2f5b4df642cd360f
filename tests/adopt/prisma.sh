#!/bin/bash
# Why: Prisma's client knows the types of its columns by heart: uuids that are text, times without a zone, 32-bit keys, no default for updatedAt.
. "$(dirname "$0")/../lib/app.sh"
plan 22
npm_peers "prisma" tests/adopt/prisma
(cd tests/adopt/prisma && DATABASE_URL=postgresql:// timeout 60 node_modules/.bin/prisma generate --config prisma.config.mjs) >"$T/npm.log" 2>&1 ||
	skip_all "prisma: its client cannot be made here"
trap finish EXIT
app_db
app_up node tests/adopt/prisma/app.mjs
is "it makes its tables" made "$(ask make)"
life public.ai_messages
finish
