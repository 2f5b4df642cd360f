#!/bin/bash
# Why: a Django application's tables as its migrations make them: 32-bit keys, deferred foreign keys, and not one default in the database.
. "$(dirname "$0")/../lib/app.sh"
plan 24
PYTHON=/usr/bin/python3    # Debian's packages are of no other
$PYTHON -c 'import django, psycopg2' 2>/dev/null || skip_all "django: python3-django and python3-psycopg2 are not installed"
trap finish EXIT
app_db
export APP_DIR=$T
app_up $PYTHON tests/adopt/django_app.py
is "it makes its tables" made "$(ask make)"
q "alter table chat_aimessage add lang text not null default 'fr'; alter table chat_aimessage alter lang drop default"
is "what nothing says how to fill is refused" 5 "$(migrate --adopt public.chat_aimessage)"
is "with the mend" 1 "$(grep -c "^  lang must .*alter table public.chat_aimessage alter column lang set default ''" "$T/migrate")"
q "alter table chat_aimessage drop column lang"
life chat_aimessage
finish
