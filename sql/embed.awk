# SQL files to C strings. Migrations and functions become two tables in the order given; each file of sql/worker and sql/tui becomes
# one constant, sql_worker_load_context, and what its first line says that it answers, `-> name type, …`, becomes the numbers of its columns, by name:
# enum { COL_LOAD_CONTEXT_NAME, … }. Usage: awk -v hdr=OUT.h -f embed.awk FILES > OUT.c
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
function columns(line,   list, n, i, word) {
	if (!sub(/^--.*-> /, "", line))
		return
	n = split(line, list, ", ")
	decl = decl "enum {"
	for (i = 1; i <= n; i++) {
		split(list[i], word, " ")
		decl = decl sprintf("%s COL_%s_%s", i > 1 ? "," : "", toupper(name), toupper(word[1]))
	}
	decl = decl " };\n"
}
function finish() { if (open) print "\t\"\";"; open = 0 }
BEGIN { print "#include \"sql_embed.h\"\n#include <stddef.h>\n" }
FNR == 1 { finish(); begin(FILENAME) }
is_first { columns($0); is_first = 0 }
{ gsub(/\\/, "&&"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); printf "\t\"%s\\n\"\n", $0 }
END {
	finish()
	printf "const struct sql_file sql_migrations[] = {\n%s\t{ NULL, NULL },\n};\n", table["migrations"]
	printf "const struct sql_file sql_functions[] = {\n%s\t{ NULL, NULL },\n};\n", table["functions"]
	printf "#pragma once\nstruct sql_file {\n\tconst char *name, *sql;\n};\nextern const struct sql_file sql_migrations[], sql_functions[];\n%s", decl > hdr
}
