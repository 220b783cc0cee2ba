# Servers by pid file: start, restart when the command changed, see whether they live, end them. Sourced.
# A pid alone may have become another process's: beside it stand the boot and the process's start time.
# shellcheck shell=bash

BOOT=$(cat /proc/sys/kernel/random/boot_id)

# The identity of a process: its boot and its start time in clock ticks (field 22 of stat; the name in field 2 may hold spaces).
process_identity() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	read -r -a stat <<<"${stat##*) }"
	[ "${stat[0]}" != Z ] || return 1
	printf '%s %s' "$BOOT" "${stat[19]}"
}

server_alive() {
	local pid
	pid=$(cat "$CLUSTER_DIR/pids/$1" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ "$(process_identity "$pid")" = "$(cat "$CLUSTER_DIR/servers/$1.identity" 2>/dev/null)" ]
}

# Ends with the command in place of the shell: own session, no input, own log, none of our caller's descriptors.
become_server() {
	local log=$1 fd
	shift
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		if ((fd > 2)); then { exec {fd}>&-; } 2>/dev/null || true; fi
	done
	export PLIMSOLL_SERVER_OF=$CLUSTER_DIR
	exec setsid "$@" >>"$log" 2>&1 </dev/null
}

record_server() {
	process_identity "$2" >"$CLUSTER_DIR/servers/$1.identity" || true
	printf '%s\n' "$2" >"$CLUSTER_DIR/pids/$1"
	grep -qx "$1" "$CLUSTER_DIR/servers/order" 2>/dev/null || printf '%s\n' "$1" >>"$CLUSTER_DIR/servers/order"
}

# start_server NAME COMMAND...: nothing when it runs with that very command; else (again). The log is kept over restarts.
start_server() {
	local name=$1
	shift
	if server_alive "$name"; then
		[ "$*" != "$(cat "$CLUSTER_DIR/servers/$name.command" 2>/dev/null)" ] || return 0
		say "$name: its command changed, restarting it"
		stop_server "$name" 5
	elif [ -e "$CLUSTER_DIR/pids/$name" ]; then
		say "$name had died, starting it again"
	fi
	printf '%s' "$*" >"$CLUSTER_DIR/servers/$name.command"
	become_server "$LOGS/$name.log" "$@" &
	local pid=$!
	case $1 in unshare | nsenter) pid=$(child_of $pid) || die "$name did not start; log: $LOGS/$name.log" ;; esac
	record_server "$name" "$pid"
}

# The server behind unshare or nsenter is their child, in the namespaces that they entered.
child_of() {
	local start=$EPOCHREALTIME
	while ! pgrep -P "$1"; do
		((${EPOCHREALTIME/./} - ${start/./} < 5000000)) || return 1
		sleep 0.02
	done
}

# wait_server SECONDS NAME COMMAND...: until the check succeeds; at once in vain when the server has died.
wait_server() {
	local limit=$1 name=$2
	shift 2
	wait_until "$limit" "$name" "$LOGS/$name.log" alive_and "$name" "$@" || die "$name does not become ready; log: $LOGS/$name.log"
}

alive_and() {
	local name=$1
	shift
	if ! server_alive "$name"; then
		echo "$name died"
		return 99
	fi
	"$@"
}

# stop_server NAME [GRACE]: SIGTERM, after GRACE seconds SIGKILL; returns when it is gone.
stop_server() {
	local name=$1 grace=${2:-10} pid start=$EPOCHREALTIME
	pid=$(cat "$CLUSTER_DIR/pids/$name" 2>/dev/null) || return 0
	if server_alive "$name"; then
		kill -TERM "$pid" 2>/dev/null || true
		while server_alive "$name"; do
			if ((${EPOCHREALTIME/./} - ${start/./} > grace * 1000000)); then
				say "$name did not end within $grace s, killing it"
				kill -KILL "$pid" 2>/dev/null || true
				grace=$((grace + 3600))
			fi
			sleep 0.05
		done
	fi
	rm -f "$CLUSTER_DIR/pids/$name"
}

# What carries this cluster's mark and is in no pid file: a server whose starter was killed before it could write it down.
stop_stray_servers() {
	local environment pid
	for environment in /proc/[0-9]*/environ; do
		pid=${environment//[^0-9]/}
		if grep -qzx "PLIMSOLL_SERVER_OF=$CLUSTER_DIR" "$environment" 2>/dev/null; then
			say "ending stray process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-80))"
			kill -KILL "$pid" 2>/dev/null || true
		fi
	done
}
