# The include law. awk -f layers.awk law.txt FILE... prints "file:line: file may not include x" and exits 1 when there is one.
FNR == 1 { part++ }
part == 1 {
	if ($0 !~ /^[ \t]*(#|$)/) {
		if (NF != 3 || $2 != "may") {
			printf "%s:%d: expected REGEX may REGEX\n", FILENAME, FNR
			bad = 1
		}
		files[++n] = $1
		allows[n] = $3
	}
	next
}
/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	x = $0
	sub(/^[^"<]*/, "", x)
	ours = substr(x, 1, 1) == "\""
	x = substr(x, 2)
	sub(/[">].*/, "", x)
	if (!ours && x !~ /^(postgresql\/)?(libpq-fe\.h|libpq\/)|^curl\/|[cC][jJ][sS][oO][nN]|^ncurses|^curses\.h|^term\.h|^microhttpd|^seccomp|^utf8proc/)
		next
	file = FILENAME
	sub(/^\.\//, "", file)
	for (i = 1; i <= n; i++)
		if (file ~ files[i] && x ~ allows[i])
			next
	printf "%s:%d: %s may not include %s\n", file, FNR, file, x
	bad = 1
}
END { exit bad }
