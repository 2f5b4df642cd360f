# What must not stand in a source file, and how big things may be. awk -f banned.awk FILE... prints "file:line: why", exits 1 on any.
# Words inside comments and strings do not count, but for marks of unfinished work.
function say(what) {
	printf "%s:%d: %s\n", file, FNR, what
	bad = 1
}
# The code of a line: comments and the insides of strings and characters are taken out. Knows /* */ over several lines.
function code_of(s,    out, c, i, n) {
	out = ""
	n = length(s)
	for (i = 1; i <= n; i++) {
		c = substr(s, i, 1)
		if (in_comment) {
			if (c == "*" && substr(s, i + 1, 1) == "/") {
				in_comment = 0
				i++
			}
		} else if (c == "/" && substr(s, i + 1, 1) == "*") {
			in_comment = 1
			out = out " "
			i++
		} else if (c == "\"" || c == "'") {
			quote = c
			out = out c
			for (i++; i <= n && substr(s, i, 1) != quote; i++)
				if (substr(s, i, 1) == "\\")
					i++
			out = out quote
		} else {
			out = out c
		}
	}
	return out
}
function columns(s,    i, c, n, len) {
	n = 0
	len = length(s)
	for (i = 1; i <= len; i++) {
		c = substr(s, i, 1)
		if (c == "\t")
			n += 8 - n % 8
		else if (c < "\200" || c >= "\300") # not the tail of a UTF-8 character
			n++
	}
	return n
}
FNR == 1 {
	file = FILENAME
	sub(/^\.\//, "", file)
	in_comment = 0
	opened = 0
	too_long = 0
}
FNR == 601 { say("file over 600 lines") }
{
	if (FILENAME !~ /^tests\/integration\// && length($0) > 100 && columns($0) > 150) # SQL in tests may be long
		say("line over 150 columns")
	if ($0 ~ /(^|[^A-Za-z_])(TODO|FIXME|XXX)([^A-Za-z_]|$)/)
		say("unfinished work: use NEEDSWORK(#issue) or nothing")
	if ($0 ~ /[ \t]$/)
		say("blanks at the end of the line")
	code = in_comment || $0 ~ /\/\*|\/\/|["']/ ? code_of($0) : $0
}
code ~ /\/\// { say("// comment") }
code ~ /(^|[^A-Za-z0-9_])(strcpy|strcat|sprintf|vsprintf|strtok|localtime|gmtime|gets|alloca|strncat|asctime|ctime)[ \t]*\(/ {
	match(code, /(strcpy|strcat|vsprintf|sprintf|strtok|localtime|gmtime|gets|alloca|strncat|asctime|ctime)[ \t]*\(/)
	say(substr(code, RSTART, RLENGTH - 1) " is banned")
}
file != "tui/screen.c" && code ~ /(^|[^A-Za-z0-9_])((mv)?w?add(n?str|n?wstr|ch)|(mv)?w?printw|(mv)?w?add[a-z_]*wstr|mvadd[a-z]*)[ \t]*\(/ {
	say("draws past tui/screen.c")
}
file != "shared/pg.c" && code ~ /(^|[^A-Za-z0-9_])PQexec[ \t]*\(/ { say("PQexec: parameters, through shared/pg.h") }
# A statement is a file below sql/, whose first line names its arguments and columns: ARG_FILE_NAME, COL_FILE_NAME. What is not one: the script that
# migrate.c puts together, and a list's statement wrapped into JSON.
file !~ /^tests\/|^shared\/migrate\.c$/ && /"(select|with|insert into|update|delete from) [^"]*"/ && !/json_agg\(x\).*%s/ { say("SQL stands in sql/") }
file !~ /^tests\// && code ~ /(rows_(at|int|bool|double)|block_(at|str|int|double|time))\([^,()]+, [^,()]+, [0-9]/ && code !~ /cli_json\(rows_at\(out, 0, 0\)\)/ { say("a column by its number: COL_FILE_COLUMN") }
file !~ /^worker\/llm\/prompt\.h$/ && code ~ /^struct [a-z_]*prompt[a-z_]* \{/ { say("one prompt: worker/llm/prompt.h") }
file !~ /^tests\/|^shared\/thread\.c$/ && code ~ /pthread_cond_timedwait/ { say("a wait by a clock that may be set: cond_init_mono, cond_wait_until (shared/thread.h)") }
file !~ /^tests\// && code ~ /#[ \t]*define[ \t]+VLA/ { say("VLA is banned") }
/^\{/ { opened = FNR }
/^\}/ && opened {
	if (FNR - opened - 1 > 60)
		say("function of " (FNR - opened - 1) " lines, over 60")
	opened = 0
}
END { exit bad }
