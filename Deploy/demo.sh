#!/usr/bin/env bash
# The main job on real input: a local Kubernetes, a Prometheus, the daemon and sample SLOs under real traffic.
#   ./Deploy/demo.sh          starts all and shows a live table until Ctrl-C (it goes on running until `down`)
#   ./Deploy/demo.sh --once   one full round: figures, a real failure, a budget that burns, an alert that fires; then exits
#   ./Deploy/demo.sh down     ends everything it started
set -euo pipefail

# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=cluster/lib/state.sh
. "$HERE/lib/state.sh"
# shellcheck source=cluster/lib/servers.sh
. "$HERE/lib/servers.sh"

CLUSTER=demo
once=
case ${1:-} in
    '') ;;
    --once) once=1 ;;
    down)
        "$ROOT/Deploy/cluster/down" "$CLUSTER"
        exit 0
        ;;
    *)
        echo "usage: demo.sh [--once | down]" >&2
        exit 2
        ;;
esac

need_swift
step "System packages"
"$ROOT/Deploy/cluster/packages" build control-plane prometheus
step "Building plimsoll (static release)"
binary=$(build_release)
step "Kubernetes, built once into the cache"
"$ROOT/Deploy/cluster/build-kubernetes" >/dev/null
step "A local cluster with Prometheus"
"$ROOT/Deploy/cluster/up" "$CLUSTER" --prometheus --alertmanager --scrape-interval 5s --evaluation-interval 5s
# shellcheck disable=SC1090
. "$CACHE/clusters/$CLUSTER/env"
use_cluster "$CLUSTER"

step "Custom resources, namespaces and the daemon's own account"
# 1.20's kubectl checks against a schema that knows no CEL; the server takes it.
kubectl apply --validate=false -f "$ROOT/Manifests/crds" >/dev/null
kubectl apply -f "$ROOT/Deploy/lib/demo/setup.yaml" >/dev/null
kubectl wait --for=condition=Established --timeout=30s crd/slos.plimsoll.dev >/dev/null
"$ROOT/Deploy/lib/demo/account" "$CLUSTER_DIR" plimsoll-system plimsoll

step "Traffic"
start_server traffic-proxy "$KUBECTL" proxy --port=0 --address=127.0.0.1
proxy() {
    local url
    # The log may hold an earlier proxy's port.
    url=$(sed -n 's/^Starting to serve on \(.*\)$/http:\/\/\1/p' "$LOGS/traffic-proxy.log" | tail -n 1)
    [ -n "$url" ] && curl -fsS -o /dev/null "$url/version" 2>/dev/null && printf '%s\n' "$url"
}
wait_server 10 traffic-proxy proxy
start_server traffic "$ROOT/Deploy/lib/demo/traffic" "$(proxy)" "$PROMETHEUS_URL"

step "The daemon"
cat >"$CLUSTER_DIR/plimsoll.yaml" <<EOF
instance: demo
prometheus:
  - name: default
    url: $PROMETHEUS_URL
    allowedNamespaces: ["*"]
    scrapeInterval: 5s
    pollInterval: 5s
    rules:
      output: Directory
      directory: {path: $RULES_DIR, reloadURL: "$PROMETHEUS_URL/-/reload"}
      interval: 5s
serving: {address: "127.0.0.1:0"}
EOF
# The digest makes a rebuilt binary or another configuration another command, so that the daemon is started again.
build=$(cat "$binary" "$CLUSTER_DIR/plimsoll.yaml" | sha256sum | cut -d' ' -f1)
start_server plimsoll env "PLIMSOLL_BUILD=$build" "$binary" run --config "$CLUSTER_DIR/plimsoll.yaml" --kubeconfig "$CLUSTER_DIR/plimsoll.kubeconfig"
kubectl apply -f "$ROOT/Manifests/samples/quickstart" >/dev/null

table() { kubectl get slo -A; }
firing() {
    curl -fsS --get "$PROMETHEUS_URL/api/v1/query" \
        --data-urlencode 'query=ALERTS{alertstate="firing",plimsoll_slo="config-writes"}' | grep -o '"tier":"[a-z]*"' | head -n 1
}

heal() { kubectl delete --ignore-not-found --request-timeout=10s -f "$ROOT/Deploy/lib/demo/broken-admission.yaml" >/dev/null; }

# What an earlier round that was interrupted left.
heal
step "Waiting for figures"
wait_until 120 "every SLO of the samples is Ready" "$LOGS/plimsoll.log" "$ROOT/Deploy/lib/demo/all-ready" "$ROOT/Manifests/samples/quickstart"
trap 'heal 2>/dev/null || true' EXIT
trap 'echo; exit $((once ? 130 : 0))' INT
trap 'exit 143' TERM
step "A real failure: an admission webhook that nobody serves (ConfigMaps in namespace shop)"
kubectl apply -f "$ROOT/Deploy/lib/demo/broken-admission.yaml" >/dev/null
if [ -n "$once" ]; then
    wait_until 120 "the alert of platform/config-writes fires" "$LOGS/plimsoll.log" firing
    wait_until 60 "its status says so" "$LOGS/plimsoll.log" "$ROOT/Deploy/lib/demo/burning"
    heal
    step "What kubectl shows"
    table
    echo
    echo "Alert in Prometheus: platform/config-writes $(firing) firing"
    echo "The demo goes on running: KUBECONFIG=$KUBECONFIG, Prometheus $PROMETHEUS_URL. End it with ./Deploy/demo.sh down"
    exit 0
fi

step "Live table; Ctrl-C ends it, './Deploy/demo.sh down' ends the cluster"
while :; do
    rows=$(table 2>&1) || rows="$rows"$'\n'"(kubectl failed; trying again)"
    [ -t 1 ] && printf '\033[H\033[2J'
    date -u +%H:%M:%SZ
    printf '%s\n' "$rows"
    sleep 2
done
