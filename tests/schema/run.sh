#!/bin/bash
# Whether the arguments of tools are judged as JSON Schema says: the keywords that worker/toolbox/schema.h names, by npm's json-schema-test-suite.
. "$(dirname "$0")/../lib/net.sh"
plan 3
npm_peers "the suite" tests/schema
SUITE=tests/schema/node_modules/json-schema-test-suite/tests
JUDGE=${BIN%/bin}/plain/tests/schema/judge
files() { local d=$1 f; shift; for f; do echo "$SUITE/$d/$f.json"; done; }
# Not judged, as schema.h says: $ref (ref, refRemote, definitions), pattern, patternProperties (and what says how it goes with others:
# properties, additionalProperties), dependencies, format; of draft 3 also disallow, divisibleBy, extends.
BOTH='additionalItems enum items maxItems maxLength maximum minItems minLength minimum uniqueItems type'
"$JUDGE" $(files draft4 $BOTH allOf anyOf oneOf not default maxProperties minProperties multipleOf required) >"$T/draft4"
is "draft 4" "" "$(grep -v '^[0-9]* of' "$T/draft4")"
"$JUDGE" $(files draft3 $BOTH default) >"$T/draft3"
is "draft 3" "" "$(grep -v '^[0-9]* of' "$T/draft3")"
echo "# draft 4: $(tail -1 "$T/draft4"), draft 3: $(tail -1 "$T/draft3")"
is "the suite is there" yes "$([ "$(tail -1 "$T/draft4" | cut -d' ' -f3)" -gt 150 ] && echo yes)"
