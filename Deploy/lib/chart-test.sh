#!/usr/bin/env bash
# Tests of what is installed: chart-test.sh static | image | cluster | demo...
#   static    chart, overlays, GitOps samples, Dockerfile and README, without a cluster
#   image     the image is built twice, and is the same, small enough and accepted by other people's tools
#   cluster   on a whole local cluster: install, failover, rights, upgrade, rollback, uninstall, overlays; every command of README and notes
#   demo      the README's demo, one round; not of test.sh
# PLIMSOLL_CHART_CLUSTER names a cluster that stays up afterwards, for work on these tests.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=chart/venv.sh
. "$ROOT/Deploy/lib/chart/venv.sh"

LIB=$ROOT/Deploy/lib/chart
CHART=$ROOT/Charts/plimsoll
NAMESPACE=plimsoll-system
work=$(mktemp -d)
cleanups=()
finish() {
    local each
    for each in "${cleanups[@]}"; do $each || true; done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# quietly WHAT COMMAND...: one line when it succeeds, all it said when it does not.
quietly() {
    local what=$1 log=$work/log
    shift
    # In the background, as a function that an `if` asks goes on after a command that failed.
    "$@" >"$log" 2>&1 </dev/null &
    if wait $!; then
        echo "ok $what"
    else
        cat "$log"
        echo "FAILED: $what"
        exit 1
    fi
}
python() { "$CHART_VENV/bin/python" "$@"; }
helm() { "$LIB/helm" "$@"; }

# shellcheck source=chart/static.sh
. "$LIB/static.sh"
# shellcheck source=chart/image.sh
. "$LIB/image.sh"
# shellcheck source=chart/readme.sh
. "$LIB/readme.sh"
# shellcheck source=chart/cluster.sh
. "$LIB/cluster.sh"

[ $# -gt 0 ] || { echo "usage: chart-test.sh static | image | cluster | demo..." >&2; exit 2; }
need_swift
need_chart_venv
for part in "$@"; do
    case $part in
        static) test_static ;;
        image) test_image ;;
        cluster) test_cluster ;;
        demo) quietly "README: the demo" run_readme demo "$ROOT" ;;
        *) echo "chart-test.sh: there is no '$part'; there are: static image cluster demo" >&2; exit 2 ;;
    esac
done
