#!/usr/bin/env bash
# Long runs that are no part of every commit; each ends with a table.
#   ./Deploy/soak.sh storm [SEED] [ROUNDS] [PLACES]   200 creates, edits and deletes a round while the daemon is killed and started again;
#                                            with PLACES in the layout Fleet
#   ./Deploy/soak.sh quiet [SECONDS]         statuses rest while nothing changes, and are written rarely while figures move
#   ./Deploy/soak.sh faults [REPEATS]        every fault of network and servers in turn, on real servers, while somebody edits; then a few leaders
#   ./Deploy/soak.sh random [SEED] [COUNT]   simulated days of random faults, and elections, on a virtual clock, a seed each; needs no cluster
#   ./Deploy/soak.sh scale [COUNT] [PLACES]  many SLOs: time, memory, writes, queries; with PLACES in the layout Fleet
#   ./Deploy/soak.sh leader [RUNS] [usual]   leaders killed, ended, stopped and cut off; 'usual': leases of 15 s and stops of 60 s instead of 3 s and 8 s
#   ./Deploy/soak.sh fuzz [SECONDS] [READER...]   the readers of foreign text under libFuzzer and AddressSanitizer, SECONDS (600) each
set -euo pipefail

# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

kind=${1:-}
case $kind in
    storm | quiet | scale | leader | faults | random) ;;
    fuzz)
        shift
        exec "$ROOT/Deploy/lib/fuzz" "$@"
        ;;
    *)
        sed -n '2,/^set/s/^# //p' "$0" >&2
        exit 2
        ;;
esac
need_swift
if [ "$kind" = random ]; then
    "$ROOT/Deploy/cluster/packages" build
else
    "$ROOT/Deploy/cluster/packages" build control-plane prometheus
fi
step "Building"
soak=$(build_release plimsoll-soak)
# With hashes of one seed, a day that fails can be lived through again in another process.
if [ "$kind" = random ]; then SWIFT_DETERMINISTIC_HASHING=1 exec "$soak" "$@"; fi
PLIMSOLL_TEST_BINARY=$(build_release)
"$ROOT/Deploy/cluster/build-kubernetes" >/dev/null
cluster="soak-$$"
results=$(mktemp)
trap '"$ROOT/Deploy/cluster/down" "$cluster" || true; rm -f "$results"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# As its daemon's configuration says: a Prometheus with many rules has many series about itself.
interval=5s
if [ "$kind" = scale ]; then interval=60s; fi
"$ROOT/Deploy/cluster/up" "$cluster" --prometheus --scrape-interval $interval --evaluation-interval $interval
# shellcheck disable=SC1090
. "$CACHE/clusters/$cluster/env"
kubectl apply --validate=false -f "$ROOT/Manifests/crds" >/dev/null
kubectl wait --for=condition=Established --timeout=30s crd/slos.plimsoll.dev >/dev/null
export PLIMSOLL_TEST_ROOT=$ROOT PLIMSOLL_TEST_RESTARTABLE_CLUSTER=$cluster
export PLIMSOLL_TEST_BINARY PLIMSOLL_TEST_KUBECONFIG=$KUBECONFIG PLIMSOLL_TEST_PROMETHEUS_URL=$PROMETHEUS_URL PLIMSOLL_TEST_RULES_DIR=$RULES_DIR
step "Running $*"
status=0
"$soak" "$@" | tee "$results" || status=$?
echo
echo "== $kind =="
grep -E '^[A-Z-]+ ' "$results" | column -t || true
exit "$status"
