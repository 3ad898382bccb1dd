# tap.sh: the Test Anything Protocol for shell tests, and the life of everything a test starts.
#
# Source it first. It makes TAP_DIR, a directory of the test's own; standard output carries TAP alone, so
# whatever a program says goes to a file under $TAP_DIR/out (the programs under test) or $TAP_DIR/log (servers).
# Order: tap_start; ok, is, like ...; tap_end. tap_end prints the plan, ends what was started with
# `background` by its process id, removes TAP_DIR and exits with 1 if a case failed.
# A test that dies on the way prints no plan and exits with 1: the same end, with "Bail out!".

TAP_COUNT=0
TAP_FAILED=0
TAP_ENDED=no
TAP_PIDS=""
TAP_PORTS=" "

# tap_start: makes the directory. 0711, because servers drop to another user and must be able to pass through;
# what holds secrets is made 0700 by whoever makes it.
tap_start() {
	TAP_DIR=$(mktemp -d "${TMPDIR:-/tmp}/saslfresh.XXXXXX") || exit 1
	chmod 0711 "$TAP_DIR"
	mkdir -m 0700 "$TAP_DIR/home" "$TAP_DIR/out"
	mkdir -m 0711 "$TAP_DIR/log"
	trap tap_exit EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

tap_end() {
	printf '1..%d\n' "$TAP_COUNT"
	TAP_ENDED=yes
	[ "$TAP_FAILED" -eq 0 ]
	exit
}

tap_exit() {
	local status=$?
	trap - EXIT
	# A child that is ended between fork and exec still carries these traps.
	[ "$BASHPID" = "$$" ] || exit "$status"
	if [ "$TAP_ENDED" = no ]; then
		printf 'Bail out! the test ended early with status %d\n' "$status"
		status=1
	fi
	[ "$status" -eq 0 ] || tap_logs
	tap_stop_all
	if [ -n "${TAP_KEEP-}" ]; then
		printf '# kept: %s\n' "$TAP_DIR"
	else
		rm -rf "$TAP_DIR"
	fi
	exit "$status"
}

# The end of every log, for whoever reads a failed run.
tap_logs() {
	local file
	for file in "$TAP_DIR"/out/* "$TAP_DIR"/log/*; do
		[ -f "$file" ] && [ -s "$file" ] || continue
		diag "---- ${file##*/} (last lines)"
		tail -n 25 "$file" | tr -c '\11\12\40-\176' '?' | tap_quote '#   '
	done
}

ok() {
	TAP_COUNT=$((TAP_COUNT + 1))
	printf 'ok %d - %s\n' "$TAP_COUNT" "$1"
}

# not_ok DESCRIPTION [EXPLANATION...]
not_ok() {
	TAP_COUNT=$((TAP_COUNT + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	printf 'not ok %d - %s\n' "$TAP_COUNT" "$1"
	shift
	while [ $# -gt 0 ]; do
		diag "$1"
		shift
	done
	return 1
}

diag() {
	printf '%s\n' "$1" | tap_quote '# '
}

# Lines as comments. What is long enough to be a token, or one in base64, is not shown.
tap_quote() {
	sed -E -e 's/[A-Za-z0-9_=+-]{32,}/[not shown]/g' -e "s/^/$1/" -e '$a\'
}

skip() {
	TAP_COUNT=$((TAP_COUNT + 1))
	printf 'ok %d - %s # SKIP %s\n' "$TAP_COUNT" "$1" "$2"
}

# skip_all REASON: ends the test; only for what the machine cannot offer.
skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	TAP_ENDED=yes
	exit 0
}

bail() {
	diag "$1"
	exit 1
}

# is GOT WANTED DESCRIPTION
is() {
	if [ "$1" = "$2" ]; then
		ok "$3"
	else
		not_ok "$3" "got:    $1" "wanted: $2"
	fi
}

# like GOT EXTENDED-REGEX DESCRIPTION
like() {
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		ok "$3"
	else
		not_ok "$3" "got:    $1" "wanted: a match of $2"
	fi
}

unlike() {
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		not_ok "$3" "got:    $1" "wanted: no match of $2"
	else
		ok "$3"
	fi
}

# isnt_zero STATUS DESCRIPTION
isnt_zero() {
	if [ "$1" -ne 0 ]; then
		ok "$2"
	else
		not_ok "$2" "exit status 0"
	fi
}

# at_most GOT LIMIT DESCRIPTION: whole numbers.
at_most() {
	if [ "$1" -le "$2" ] 2>/dev/null; then
		ok "$3"
	else
		not_ok "$3" "got:    $1" "wanted: at most $2"
	fi
}

# succeeds DESCRIPTION COMMAND... and fails DESCRIPTION COMMAND...: by exit status.
succeeds() {
	local what=$1 status=0
	shift
	"$@" || status=$?
	if [ "$status" -eq 0 ]; then ok "$what"; else not_ok "$what" "exit status $status"; fi
}

fails() {
	local what=$1 status=0
	shift
	"$@" || status=$?
	if [ "$status" -ne 0 ]; then ok "$what"; else not_ok "$what" "exit status 0"; fi
}

now_ms() {
	date +%s%3N
}

# poll SECONDS COMMAND...: true as soon as COMMAND is, false when the deadline has passed.
poll() {
	local end=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# free_port: sets PORT to a loopback port where nothing listens, outside the range from which the system takes
# ports for outgoing connections, and never twice the same in one test.
free_port() {
	local tries=0
	while [ "$tries" -lt 200 ]; do
		tries=$((tries + 1))
		PORT=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
		case $TAP_PORTS in *" $PORT "*) continue ;; esac
		if ! port_open "$PORT"; then
			TAP_PORTS="$TAP_PORTS$PORT "
			return 0
		fi
	done
	bail 'no free port on the loopback address'
}

port_open() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# background NAME COMMAND...: its output goes to $TAP_DIR/log/NAME.log; sets BACKGROUND_PID.
background() {
	local name=$1
	shift
	"$@" >>"$TAP_DIR/log/$name.log" 2>&1 </dev/null &
	BACKGROUND_PID=$!
	TAP_PIDS="$BACKGROUND_PID $TAP_PIDS"
}

# on_exit_kill PID: for a server that made itself a daemon.
on_exit_kill() {
	TAP_PIDS="$1 $TAP_PIDS"
}

process_gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# stop PID: asks it to end, waits, and insists after five seconds.
stop() {
	kill -CONT "$1" 2>/dev/null
	kill -TERM "$1" 2>/dev/null
	if ! poll 5 process_gone "$1"; then
		kill -KILL "$1" 2>/dev/null
		poll 5 process_gone "$1"
	fi
	wait "$1" 2>/dev/null
	TAP_PIDS=$(printf '%s\n' $TAP_PIDS | grep -vx "$1" | tr '\n' ' ')
	return 0
}

tap_stop_all() {
	local pid
	for pid in $TAP_PIDS; do
		stop "$pid"
	done
}
