#!/bin/bash
# Why: a Laravel application's tables as Laravel makes them, with the migration that the source's authors wrote for this, a trigger, soft deletes, a JSON column
# and jobs of old; its Eloquent goes on while ours works.
. "$(dirname "$0")/../lib/app.sh"
plan 24
[ -f /usr/share/php/Illuminate/Database/autoload.php ] && php -r 'exit(in_array("pgsql", PDO::getAvailableDrivers()) ? 0 : 1);' 2>/dev/null ||
	skip_all "laravel: php-laravel-framework and php-pgsql are not installed"
trap finish EXIT
app_db
app_up php tests/adopt/laravel.php
is "it makes its tables" made "$(ask make)"
is "its trigger would run as ours: refused" 5 "$(migrate --adopt public.ai_messages)"
is "the refusal says what to do" 1 "$(grep -c '^  trigger touch .*--skip-triggers' "$T/migrate")"
life public.ai_messages --skip-triggers
finish
