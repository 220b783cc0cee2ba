#!/usr/bin/env bash
# Runs the tests, all of them or the phases named: lint pure integration end-to-end history chart.
# It installs what it needs, builds what is slow into the cache, and closes with a line 'N passed, N failed, N skipped'.
set -euo pipefail

# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/tally.sh
. "$ROOT/Deploy/lib/tally.sh"

phases=("$@")
[ ${#phases[@]} -gt 0 ] || phases=(lint pure integration end-to-end history chart)
wants() { local p; for p in "${phases[@]}"; do [ "$p" = "$1" ] && return 0; done; return 1; }
for phase in "${phases[@]}"; do
    case $phase in
        lint | pure | integration | end-to-end | history | chart) ;;
        *) echo "test.sh: no phase '$phase'; there are: lint pure integration end-to-end history chart" >&2; exit 2 ;;
    esac
done

need_swift
export PLIMSOLL_STRICT=1
results=$(mktemp -d)
cluster="test-$$"
cluster_up=
servers_build=
finish() {
    [ -z "$servers_build" ] || kill -- "-$servers_build" 2>/dev/null || true
    [ -z "$cluster_up" ] || "$ROOT/Deploy/cluster/down" "$cluster" || true
    rm -rf "$results"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step "System packages"
"$ROOT/Deploy/cluster/packages" build control-plane prometheus tests

if wants lint; then
    step "Format and layout"
    check "swift-format" swift format lint --strict --recursive --parallel "$ROOT/Sources" "$ROOT/Tests" "$ROOT/Package.swift"
    check "shellcheck" "$ROOT/Deploy/lib/shellcheck"
    if [ -x "$ROOT/../shared/tools/layering" ]; then
        check "layering" "$ROOT/../shared/tools/layering" "$ROOT"
    else
        skip "layering: ../shared/tools/layering is not beside this clone"
    fi
    alerts_have_runbooks() {
        local runbook status=0
        while read -r runbook; do
            [ -f "$ROOT/Manifests/$runbook.md" ] || { echo "no $runbook.md"; status=1; }
        done < <(sed -n 's|.*runbook_url: .*/\(runbooks/.*\)|\1|p' "$ROOT/Manifests/alerts/plimsoll.yaml")
        return "$status"
    }
    check "alerts on the daemon: rules" promtool check rules "$ROOT/Manifests/alerts/plimsoll.yaml"
    check "alerts on the daemon: each fires when it should, and not otherwise" promtool test rules "$ROOT/Tests/Alerts/plimsoll.yaml"
    check "alerts on the daemon: each has its runbook" alerts_have_runbooks
fi

if wants integration || wants end-to-end; then
    step "Kubernetes, built once into the cache, beside the tests"
    build_servers() {
        "$ROOT/Deploy/cluster/build-kubernetes" >/dev/null || return 1
        "$ROOT/Deploy/cluster/build-crd-server" >/dev/null 2>"$results/crd-server.log" || touch "$results/no-crd-server"
    }
    # A process group of its own, to be ended with all that it started.
    set -m
    build_servers 2>"$results/kubernetes.log" &
    servers_build=$!
    set +m
fi

scratch=$(swift_scratch)
if wants pure || wants integration || wants end-to-end || wants history; then
    step "Building the tests (debug, warnings are errors)"
    TMPDIR=$(swift_temporary) swift build --package-path "$ROOT" --scratch-path "$scratch" --build-tests --explicit-target-dependency-import-check error
fi

# Before any test that watches the time.
if [ -n "$servers_build" ]; then
    wait "$servers_build" || { cat "$results/kubernetes.log" >&2; exit 1; }
    servers_build=
fi

# run_tests NAME REGEX [OPTION...]: one process a phase, so that a trap in one does not hide the rest.
run_tests() {
    local name=$1 filter=$2 report="$results/$1.xml" status=0
    shift 2
    step "Tests: $name"
    # A test that hangs ends its process, and counts: SIGKILL follows, as it may hang in a way that heeds nothing else.
    TMPDIR=$(swift_temporary) timeout -k 10 900 swift test --package-path "$ROOT" --scratch-path "$scratch" --skip-build --disable-xctest --filter "$filter" --xunit-output "$report" "$@" \
        >"$results/$name.log" 2>&1 </dev/null || status=$?
    grep -E '✘|↷|skipped:|warning:|error:|Test run with' "$results/$name.log" | head -n 200 || true
    tally_xunit "$name" "$report" "$status" "$results/$name.log"
}

# Beside real servers on a machine that others may use too, a test can miss a time that it is given: a few that fail are tried once more, by themselves.
# Those that pass then are told and counted apart. With more failures than this something is broken.
MOST_REPEATED=4
run_real_tests() {
    local name=$1 failed_before=$TALLY_FAILED failed pattern
    run_tests "$@"
    failed=$((TALLY_FAILED - failed_before))
    if [ "$failed" -eq 0 ] || [ "$failed" -gt "$MOST_REPEATED" ]; then return; fi
    pattern=$(failed_tests "$results/$name.xml")
    [ -n "$pattern" ] || return 0
    shift 2
    run_tests "$name-again" "$pattern" --no-parallel "$@"
    tally_repeated "$failed" "$failed_before"
}

# A process for each target: a trap in one does not hide the rest, and those that burn the processor don't starve those that watch the time.
TARGETS=(Fuzz Values KubeModel PrometheusModel PlimsollAPI ServiceLevels Rollouts HTTPTransport KubeClient PrometheusClient Notify KubeRuntime ServiceLevelsController RolloutsController Serving)
INTEGRATED=(KubeClient KubeRuntime ServiceLevelsController RolloutsController)

if wants pure; then
    for target in "${TARGETS[@]}"; do run_tests "$target" "^${target}Tests\\.(?!Integration|Disturbing|Simulation)"; done
    # With hashes of one seed, a day that fails can be lived through again in another process.
    SWIFT_DETERMINISTIC_HASHING=1 run_tests simulation '^KubeRuntimeTests\.Simulation'
fi

if wants end-to-end || wants history; then
    step "Building the static release binary"
    PLIMSOLL_TEST_BINARY=$(build_release)
    export PLIMSOLL_TEST_BINARY
fi

if wants integration || wants end-to-end; then
    crd_server=(--crd-server)
    if [ -e "$results/no-crd-server" ]; then
        crd_server=()
        skip "the CRD server of today (1.36): $(tail -n 1 "$results/crd-server.log")"
    fi
    step "A cluster of our own"
    cluster_up=1
    "$ROOT/Deploy/cluster/up" "$cluster" --node --prometheus --alertmanager "${crd_server[@]}" --scrape-interval 5s --evaluation-interval 5s
    # shellcheck disable=SC1090
    . "$CACHE/clusters/$cluster/env"
    export PLIMSOLL_TEST_KUBECONFIG=$KUBECONFIG PLIMSOLL_TEST_PROMETHEUS_URL=$PROMETHEUS_URL PLIMSOLL_TEST_RULES_DIR=$RULES_DIR
    export PLIMSOLL_TEST_ALERTMANAGER_URL=$ALERTMANAGER_URL
    export PLIMSOLL_TEST_ROOT=$ROOT PLIMSOLL_TEST_CRDSERVER_KUBECONFIG=${CRDSERVER_KUBECONFIG:-}
fi
kubectl_crds() {
    kubectl apply --validate=false -f "$ROOT/Manifests/crds" >/dev/null
    kubectl wait --for=condition=Established --timeout=30s crd/slos.plimsoll.dev >/dev/null
}
if wants integration || wants end-to-end; then kubectl_crds; fi
if wants integration; then
    for target in "${INTEGRATED[@]}"; do run_real_tests "$target-integration" "^${target}Tests\\.Integration"; done
fi
if wants end-to-end; then
    run_real_tests end-to-end '^EndToEndTests\.(?!Disturbing|LeaderElection|Fault)'
    # By themselves: they give daemons so long to come to rest, and want the processor for it.
    run_real_tests faults '^EndToEndTests\.Fault'
    # By themselves: their leases last for three seconds.
    run_real_tests leader-election '^EndToEndTests\.LeaderElection'
    mkdir "$results/rules"
    render_and_check() {
        "$PLIMSOLL_TEST_BINARY" render "$ROOT/Manifests/samples" -o "$results/rules" && promtool check rules "$results"/rules/*.yaml
    }
    check "promtool accepts the samples' rules" render_and_check
    check "the samples are valid" "$PLIMSOLL_TEST_BINARY" validate "$ROOT/Manifests"
fi
if wants integration && wants end-to-end; then
    # The cluster's servers are stopped and killed: last, one test at a time.
    export PLIMSOLL_TEST_RESTARTABLE_CLUSTER=$cluster
    run_real_tests disturbances '^(KubeRuntime|EndToEnd)Tests\.Disturbing' --no-parallel
fi
if wants history; then
    step "Accuracy on 30 days of history in a real Prometheus"
    check "30-day history" "$ROOT/Tests/ServiceLevelsTests/History/run" "$PLIMSOLL_TEST_BINARY"
fi

if wants chart; then
    step "Chart, image, overlays, in a whole cluster"
    check "chart" "$ROOT/Deploy/lib/chart-test.sh" static image cluster
fi

tally_close
