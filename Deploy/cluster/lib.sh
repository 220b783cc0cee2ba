#!/usr/bin/env bash
# The common ground of the cluster scripts: cache root, logging, locks, waiting. Sourced, never run.
set -Eeuo pipefail
# No script of ours ends without a word.
trap 'command_failed "$LINENO" "${BASH_SOURCE[0]##*/}" "$BASH_COMMAND"' ERR
command_failed() { printf '%s: line %s of %s failed: %s\n' "${0##*/}" "$1" "$2" "${3%%$'\n'*}" >&2; }

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${PLIMSOLL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/plimsoll}
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
# /usr/sbin is not in everybody's PATH, and `ip` and `iptables` live there.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
STEP_START=$EPOCHREALTIME

# Seconds with one decimal since $1 (a value of EPOCHREALTIME).
elapsed() {
	local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
	printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# One line a step on standard error, with the time since the script began.
say() { printf '[%6ss] %s\n' "$(elapsed "$STEP_START")" "$*" >&2; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || die "must be run as root (it installs packages, makes bridges and starts containers); this is uid $(id -u)"
}

# The last lines of a log, indented, on standard error.
show_log() {
	[ -s "$1" ] || return 0
	printf '  last lines of %s:\n' "$1" >&2
	tail -n "${2:-20}" "$1" | cut -c1-400 | sed 's/^/  | /' >&2
}

# Go makes what it unpacks read-only.
remove_tree() {
	chmod -R u+w "$@" 2>/dev/null || true
	rm -rf "$@"
}

# with_lock NAME COMMAND...: runs it in a subshell while holding the lock. The command itself gets no copy of the descriptor,
# so that a server it starts does not keep the lock for ever. A lock file that its holder removed is opened again.
with_lock() {
	local file=$CACHE/locks/$1
	shift
	mkdir -p "$CACHE/locks"
	(
		while :; do
			exec 9>"$file"
			flock -w 3 9 || {
				say "waiting for another run that holds $file"
				flock 9
			}
			[ "$(stat -L -c %i /proc/self/fd/9 2>/dev/null)" = "$(stat -c %i "$file" 2>/dev/null)" ] && break
		done
		"$@" 9>&-
	)
}

# wait_until SECONDS WHAT LOG COMMAND...: until the command succeeds; when it doesn't, its last output and the log's last lines.
# A command that returns 99 says that waiting is in vain.
wait_until() {
	local limit=$1 what=$2 log=$3 start=$EPOCHREALTIME output code
	shift 3
	while :; do
		code=0
		output=$("$@" 2>&1) || code=$?
		[ $code != 0 ] || return 0
		if [ $code = 99 ] || ((${EPOCHREALTIME/./} - ${start/./} > limit * 1000000)); then
			say "$what: not ready after $(elapsed "$start") s"
			[ -z "$output" ] || printf '  %s\n' "${output:0:600}" >&2
			[ -z "$log" ] || show_log "$log"
			return 1
		fi
		sleep 0.1
	done
}
