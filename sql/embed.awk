# SQL files to C strings. Migrations and functions become two tables in the order given; each other file becomes one constant, such as sql_worker_contexts. Its first line, `-- $1 type name, … -> name type, …`, becomes names for the numbers of its arguments and its columns,
# and how many there are: enum { ARG_CONTEXTS_JOBS, …, sql_worker_contexts_args } and enum { COL_CONTEXTS_AGENT, …, sql_worker_contexts_cols }.
# Usage: awk -v hdr=OUT.h -f embed.awk FILES > OUT.c
function begin(file,   parts, n) {
	n = split(file, parts, "/")
	folder = parts[2] == "functions" ? "functions" : parts[n - 1]; name = parts[n]; sub(/\.sql$/, "", name)
	if (folder == "migrations" || folder == "functions") {
		count[folder]++
		symbol = sprintf("text_%s_%d", folder, count[folder])
		table[folder] = table[folder] sprintf("\t{ \"%s\", %s },\n", name, symbol)
		printf "static const char %s[] =\n", symbol
	} else {
		symbol = "sql_" folder "_" name
		decl = decl sprintf("extern const char %s[];\n", symbol)
		is_first = 1
		printf "const char %s[] =\n", symbol
	}
	open = 1
}
# The names of a list "a type, b type", the word `nth` of each, as numbers from 0.
function numbers(list, prefix, nth, count,   part, n, i, word) {
	n = list ~ /[^ ]/ ? split(list, part, ", ") : 0
	decl = decl "enum {"
	for (i = 1; i <= n; i++) {
		split(part[i], word, " ")
		decl = decl sprintf(" %s_%s_%s,", prefix, toupper(name), toupper(word[nth]))
	}
	decl = decl " " count " };\n"
}
function signature(line,   at) {
	at = index(line, "-> ")
	if (line !~ /^-- / || at == 0)
		return
	numbers(substr(line, 4, at - 4), "ARG", 3, symbol "_args")
	numbers(substr(line, at + 3), "COL", 1, symbol "_cols")
}
function finish() { if (open) print "\t\"\";"; open = 0 }
BEGIN { print "#include \"sql_embed.h\"\n#include <stddef.h>\n" }
FNR == 1 { finish(); begin(FILENAME) }
is_first { signature($0); is_first = 0 }
{ gsub(/\\/, "&&"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); printf "\t\"%s\\n\"\n", $0 }
END {
	finish()
	printf "const struct sql_file sql_migrations[] = {\n%s\t{ NULL, NULL },\n};\n", table["migrations"]
	printf "const struct sql_file sql_functions[] = {\n%s\t{ NULL, NULL },\n};\n", table["functions"]
	printf "#pragma once\nstruct sql_file {\n\tconst char *name, *sql;\n};\nextern const struct sql_file sql_migrations[], sql_functions[];\n%s", decl > hdr
}
