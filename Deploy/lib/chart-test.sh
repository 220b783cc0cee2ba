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
job=
finish() {
    local each
    trap '' INT TERM # a second Ctrl-C leaves nothing behind either
    end_job
    for each in "${cleanups[@]}"; do $each || true; done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Ends what `quietly` runs, with all that it started: its process group. What does not heed SIGTERM within ten seconds is killed.
end_job() {
    local try
    [ -n "$job" ] || return 0
    kill -TERM -- "-$job" 2>/dev/null || return 0
    for ((try = 0; try < 100; try++)); do
        kill -0 -- "-$job" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$job" 2>/dev/null || true
}

# quietly WHAT COMMAND...: one line when it succeeds, all it said when it does not.
quietly() {
    local what=$1 log=$work/log
    shift
    # In the background, as a function that an `if` asks goes on after a command that failed. In a process group of its own, as a job that
    # shares the script's would ignore SIGINT, and its children be lost sight of.
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    job=$!
    set +m
    if wait "$job"; then
        job=
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

demo_dashboards() {
    "$ROOT/Deploy/demo.sh" --once
    (
        # shellcheck disable=SC1091
        . "$CACHE/clusters/demo/env"
        # What falls due every five minutes is recorded by then.
        for ((try = 0; try < 25; try++)); do
            python "$LIB/dashboards.py" "$binary" "$ROOT/Manifests/samples/quickstart" "$CLUSTER_DIR/plimsoll.yaml" "$PROMETHEUS_URL" && exit
            sleep 15
        done
        exit 1
    )
}

[ $# -gt 0 ] || { echo "usage: chart-test.sh static | image | cluster | demo..." >&2; exit 2; }
need_swift
need_chart_venv
binary=${PLIMSOLL_TEST_BINARY:-$(build_release)}
export PLIMSOLL_TEST_BINARY=$binary
for part in "$@"; do
    case $part in
        static) test_static ;;
        image) test_image ;;
        cluster) test_cluster ;;
        demo)
            cleanups=("$ROOT/Deploy/demo.sh down" "${cleanups[@]}")
            quietly "README: the demo" run_readme demo "$ROOT"
            quietly "the demo: every query of every dashboard has an answer" demo_dashboards
            ;;
        *) echo "chart-test.sh: there is no '$part'; there are: static image cluster demo" >&2; exit 2 ;;
    esac
done
