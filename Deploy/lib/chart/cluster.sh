# The chart on a whole local cluster: real pods from the image, a real Prometheus. Sourced by chart-test.sh.
# Not real there: the Prometheus Operator, for which rule-loader.py brings the rules to Prometheus, and Argo CD and Flux, whose samples are only stored.
# shellcheck shell=bash
# shellcheck disable=SC2154 # work, ROOT and the like are of chart-test.sh

ACCOUNT=plimsoll
# A copy of the chart as its next version: the CRD says something else.
NEXT=$work/next

values() {
    cat <<YAML
gate: {enabled: true}
config:
  instance: main
  namespaces: {include: [], exclude: [kube-system]}
  prometheus:
    - name: default
      url: $PROMETHEUS_URL
      scrapeInterval: 5s
      pollInterval: 5s
      rules: {output: $1, labels: {release: kps}, interval: 5s}
    - name: gone
      url: http://$(sed 's|.*//\(.*\):.*|\1|' <<<"$PROMETHEUS_URL"):1
      pollInterval: 5s
      rules: {output: $1}
YAML
}


pods() { kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/name=plimsoll --field-selector=status.phase=Running -o "$1"; }
pod_names() { pods 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'; }
ready_pods() { pods 'jsonpath={range .items[*]}{.metadata.deletionTimestamp}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | grep -cx True; }
two_ready() { [ "$(ready_pods)" = 2 ]; }
holder() { kubectl -n "$NAMESPACE" get lease plimsoll-main -o 'jsonpath={.spec.holderIdentity}'; }

# The pod whose name the holder's identity begins with.
leader() {
    local holder pod
    holder=$(holder)
    for pod in $(pod_names); do case $holder in "$pod"*) printf '%s\n' "$pod"; return ;; esac; done
    echo "the lease is held by '$holder', and that is no pod of ours" >&2
    return 1
}

all_ready() {
    local ready
    ready=$(kubectl get -f "$ROOT/Manifests/samples/quickstart" -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}')
    [ "$(grep -cx True <<<"$ready")" -ge 4 ] && ! grep -vx True <<<"$ready"
}
show_world() {
    kubectl -n "$NAMESPACE" get pods -o wide || true
    kubectl -n "$NAMESPACE" describe pods | tail -n 25 || true
    kubectl -n "$NAMESPACE" logs -l app.kubernetes.io/name=plimsoll --tail=15 --prefix || true
    kubectl get slo -A -o 'jsonpath={range .items[*]}{.metadata.name}: {.status.conditions[?(@.type=="Ready")]}{"\n"}{end}' || true
}
# eventually SECONDS WHAT COMMAND...: with the state of things when it does not come.
eventually() {
    wait_until "$1" "$2" "" "${@:3}" || { show_world; return 1; }
}

install_chart() {
    values PrometheusRule >"$work/values.yaml"
    helm install plimsoll "$CHART" -n "$NAMESPACE" --create-namespace -f "$work/values.yaml" --wait --timeout 90s || { show_world; return 1; }
    two_ready
}

# What `restricted` says, as the kernel sees it.
in_node() { nsenter --target "$(cat "$CLUSTER_DIR/pids/node")" --mount --pid -- "$@"; }
confined() {
    local pid seen=0 field
    for pid in $(ctr tasks ls | awk '$3 == "RUNNING" { print $2 }'); do
        [ "$(in_node cat "/proc/$pid/comm")" = plimsoll ] || continue
        seen=$((seen + 1))
        in_node cat "/proc/$pid/status" >"$work/status"
        for field in 'Uid:.65532.65532.65532.65532' 'Gid:.65532.65532.65532.65532' 'CapEff:.0*' 'CapBnd:.0*' 'NoNewPrivs:.1' 'Seccomp:.2'; do
            grep -x "$field" "$work/status" || { echo "$field is not so:"; cat "$work/status"; return 1; }
        done
        in_node awk '$5 == "/" { print $6 }' "/proc/$pid/mountinfo" | grep -E '^ro(,|$)' || { echo "its root file system is writable"; return 1; }
    done
    [ "$seen" = 2 ] || { echo "$seen processes are the daemon's, and two should be"; return 1; }
}

samples_are_ready() {
    kubectl apply -f "$ROOT/Manifests/samples/quickstart"
    eventually 90 "every SLO of the quickstart is Ready" all_ready
}

# Where the SLOs of the exercises are.
SLOS=platform

# slo NAME OBJECTIVE SOURCE ERRORS [TOTAL]
slo() {
    cat <<YAML
apiVersion: plimsoll.dev/v1alpha1
kind: SLO
metadata: {name: $1, namespace: $SLOS}
spec: {service: api, objective: $2, window: {rolling: 7d}, source: $3, indicator: {ratio: {errors: '$4', total: '${5:-up}'}}}
YAML
}
condition() { kubectl -n "$SLOS" get slo "$1" -o "jsonpath={.status.observedGeneration} {.metadata.generation} {.status.conditions[?(@.type==\"$2\")].status}"; }
is() {
    local seen known status
    read -r seen known status <<<"$(condition "$1" "$2")"
    [ "$seen $status" = "$known $3" ]
}
has_rules() { kubectl -n "$SLOS" get "$1" "plimsoll-$2" >/dev/null; }
lacks_rules() { ! has_rules "$@" 2>/dev/null; }
repeated_event() { kubectl get events.v1.events.k8s.io -n "$SLOS" -o 'jsonpath={range .items[*]}{.regarding.name} {.reason} {.series.count}{"\n"}{end}' | grep -E '^exercise [A-Za-z]+ [0-9]+'; }

# What the daemon may do, it is made to do: events that repeat, rules that somebody deletes, SLOs that come and go.
exercise_rights() {
    local round
    slo exercise 99% default 'up == 0' | kubectl apply -f - # not a selector: invalid
    eventually 20 "an invalid SLO is Stalled" is exercise Stalled True
    kubectl -n "$SLOS" get slo exercise -o json >"$work/health/Degraded-invalid.json"
    for round in 98% 97%; do
        slo exercise "$round" default 'up{job="none"}' | kubectl apply -f -
        eventually 20 "a valid one is not" is exercise Stalled False
        slo exercise "$round" default 'up == 0' | kubectl apply -f -
        eventually 20 "an invalid SLO is Stalled" is exercise Stalled True
    done
    eventually 20 "an event that repeats becomes a series" repeated_event
    kubectl -n "$SLOS" delete "$1" plimsoll-exercise
    slo exercise 96% default 'up{job="none"}' | kubectl apply -f -
    eventually 20 "rules that were deleted come back" has_rules "$1" exercise
    kubectl -n "$SLOS" delete slo exercise
    eventually 20 "the rules of an SLO go with it" lacks_rules "$1" exercise
}

# The daemon's own account may list SLOs and not get them: the gate tells it nothing, having asked who it is and what it may.
ask_gate() {
    local token address status
    token=$(kubectl create --raw "/api/v1/namespaces/$NAMESPACE/serviceaccounts/$ACCOUNT/token" -f - <<<'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}' | jq -r .status.token)
    address=$(pods 'jsonpath={.items[0].status.podIP}')
    status=$(curl -s -o "$work/gate" -w '%{http_code}' -H "Authorization: Bearer $token" "http://$address:8080/gate/platform/apiserver-availability")
    [ "$status" = 403 ] && grep "may not get slos.plimsoll.dev" "$work/gate"
}

leader_dies() {
    local old start acquired new
    old=$(leader)
    start=$(date +%s%N)
    kubectl -n "$NAMESPACE" delete pod "$old" --wait=false
    eventually 15 "another pod leads" other_leads "$old"
    new=$(holder)
    acquired=$(date +%s%N -d "$(kubectl -n "$NAMESPACE" get lease plimsoll-main -o 'jsonpath={.spec.acquireTime}')")
    printf 'FIGURE leader-pod-deleted-to-acquired %s s <=5 %s\n' "$(awk "BEGIN{printf \"%.2f\", ($acquired - $start) / 1e9}")" \
        "$([ $((acquired - start)) -le 5000000000 ] && echo ok || echo short)"
    echo "from $old to $new"
    [ $((acquired - start)) -le 5000000000 ]
    eventually 60 "two pods are ready again" two_ready
}
other_leads() {
    local now
    now=$(holder)
    case $now in '' | "$1"*) return 1 ;; esac
}

audit() { python "$LIB/audit.py" "$AUDIT_LOG" "$NAMESPACE" "$ACCOUNT" "$@"; }

# Healths from life. The daemon is stopped for those that only its absence makes.
healths() {
    slo unasked 99% gone 'up{job="none"}' | kubectl apply -f -
    eventually 30 "a Prometheus that is not there is said so" is unasked Ready Unknown
    eventually 30 "it could not be asked" grep_reason unasked PrometheusUnavailable
    kubectl -n platform get slo unasked -o json >"$work/health/Suspended-no-prometheus.json"
    kubectl -n platform get slo apiserver-availability -o json >"$work/health/Healthy-measuring.json"
    slo empty 99% default 'up{job="none",instance="x"}' 'up{job="none"}' | kubectl apply -f -
    eventually 60 "a selector that finds nothing is said so" is empty Ready False
    eventually 60 "no series" grep_reason empty NoSeries
    kubectl -n platform get slo empty -o json >"$work/health/Degraded-no-series.json"
    kubectl -n platform delete slo unasked
}
grep_reason() { kubectl -n platform get slo "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}' | grep -x "$2"; }
healths_without_daemon() {
    kubectl -n platform patch slo empty --type merge -p '{"spec":{"objective":"98%"}}'
    kubectl -n platform get slo empty -o json >"$work/health/Progressing-outdated.json"
    slo new 99% default 'up{job="none"}' | kubectl apply -f -
    kubectl -n platform get slo new -o json >"$work/health/Progressing-new.json"
    kubectl -n platform delete slo new empty
    python "$LIB/health.py" "$ROOT/Deploy/gitops/argocd/argocd-cm.yaml" lua5.1 lua5.3 -- "$work"/health/*.json
}

crd_text() { kubectl get crd slos.plimsoll.dev -o 'jsonpath={.spec.versions[0].schema.openAPIV3Schema.description}'; }
# The next version: another CRD, another output. Rules go from PrometheusRules to ConfigMaps, and the rights with them.
upgrade_chart() {
    local before
    before=$(crd_text)
    cp -R "$CHART" "$NEXT"
    sed -i "s/description: '\{0,1\}A service level objective/&, next version/" "$NEXT"/files/crds/*.yaml
    values ConfigMap >"$work/values.yaml"
    helm upgrade plimsoll "$NEXT" -n "$NAMESPACE" -f "$work/values.yaml" --wait --timeout 120s || { show_world; return 1; }
    [ "$(crd_text)" != "$before" ] || { echo "the CRD is still the old one: $before"; return 1; }
    eventually 60 "two pods are ready" two_ready
    eventually 30 "the rules are ConfigMaps" has_rules configmap apiserver-availability
    # README, "What stays behind": what was written to the former output is deleted by hand.
    kubectl delete prometheusrules -A -l plimsoll.dev/instance=main
    eventually 60 "every SLO is Ready" all_ready
}
rollback_chart() {
    helm rollback plimsoll 1 -n "$NAMESPACE" --wait --timeout 120s || { show_world; return 1; }
    ! crd_text | grep 'next version' || { echo "the CRD is still the next one"; return 1; }
    eventually 60 "two pods are ready" two_ready
    kubectl delete configmaps -A -l plimsoll.dev/instance=main
    eventually 60 "every SLO is Ready" all_ready
    # `kubectl exec deployment/...` may choose one that goes. A kubelet may take over a minute to let go of a pod: it tidies up once a minute.
    eventually 150 "only those two pods are left" no_pod_goes
}
no_pod_goes() { [ "$(kubectl -n "$NAMESPACE" get pods --no-headers -l app.kubernetes.io/name=plimsoll | wc -l)" = 2 ]; }

# The commands of NOTES.txt are its indented lines. notes_command PATTERN: the one that matches, run.
notes_lines() { helm template plimsoll "$CHART" -n "$NAMESPACE" -f "$work/values.yaml" --notes | sed -n 's/^    //p'; }
run_notes() { # up to the uninstallation
    notes_lines | sed '/^helm uninstall/,$d' >"$work/notes"
    [ "$(wc -l <"$work/notes")" -ge 6 ]
    bash -euxc "$(cat "$work/notes")"
}
notes_command() { bash -euxc "$(notes_lines | grep -- "$1")"; }

# left_behind RELEASE
left_behind() {
    kubectl get all,serviceaccounts,configmaps,roles,rolebindings,pdb,networkpolicies,prometheusrules,servicemonitors -A \
        -l "app.kubernetes.io/instance=$1" -o name
    kubectl get clusterroles,clusterrolebindings -l "app.kubernetes.io/instance=$1" -o name
    kubectl get leases -A -l plimsoll.dev/instance -o name
}
nothing_left() {
    local left
    left=$(left_behind "$1")
    [ -z "$left" ] || { printf 'left behind:\n%s\n' "$left"; return 1; }
}
uninstall_chart() {
    notes_command '^helm uninstall'
    notes_command 'delete lease'
    eventually 150 "nothing is left" nothing_left plimsoll
    kubectl get crd slos.plimsoll.dev >/dev/null || { echo "the CRD was not kept"; return 1; }
    kubectl -n platform get slo apiserver-availability >/dev/null || { echo "the SLOs are gone"; return 1; }
}
# One team's own installation: Roles in two namespaces in place of ClusterRoles, and what the other installations leave out.
TEAM=(shop-system team-plimsoll) # its namespace, and the name of what it is made of
install_for_one_namespace() {
    kubectl create namespace shop
    cat >"$work/one-namespace.yaml" <<YAML
config:
  prometheus: [{name: default, url: "$PROMETHEUS_URL", scrapeInterval: 5s, pollInterval: 5s, rules: {output: ConfigMap, interval: 5s}}]
networkPolicy: {enabled: true}
serviceMonitor: {enabled: true}
alerts: {enabled: true}
YAML
    helm install team "$CHART" -n "${TEAM[0]}" --create-namespace -f "$LIB/values/one-namespace.yaml" -f "$work/one-namespace.yaml" --wait --timeout 90s
    kubectl -n "${TEAM[0]}" get networkpolicy,servicemonitor,prometheusrule "${TEAM[1]}"
    ! kubectl get clusterrole,clusterrolebinding -l app.kubernetes.io/instance=team -o name | grep . || { echo "it has rights on the cluster"; return 1; }
}
told_of_its_pod() { # that the configuration was refused
    kubectl -n "${TEAM[0]}" get events.v1.events.k8s.io -o 'jsonpath={range .items[*]}{.regarding.kind} {.reason}{"\n"}{end}' | grep -x 'Pod ConfigurationRefused'
}
no_team_pods() { [ -z "$(kubectl -n "${TEAM[0]}" get pods -o name)" ]; }
exercise_one_namespace() {
    # The kubelet takes its time to bring it: in the meantime the daemon's other rights are exercised.
    kubectl -n "${TEAM[0]}" patch configmap "${TEAM[1]}" --type merge -p '{"data":{"plimsoll.yaml":"instance: [shop]\n"}}'
    SLOS=shop exercise_rights configmap
    eventually 60 "an event of the pod tells of a broken configuration" told_of_its_pod
    kubectl -n "${TEAM[0]}" scale deployment "${TEAM[1]}" --replicas=0
    eventually 150 "its watches have ended" no_team_pods
    python "$LIB/audit.py" "$AUDIT_LOG" "${TEAM[@]}" \
        --unused "${TEAM[1]}-pod patch events.events.k8s.io: for an event of the pod that repeats within minutes"
}
uninstall_from_one_namespace() {
    helm uninstall team -n "${TEAM[0]}"
    eventually 150 "nothing is left" nothing_left team
    kubectl delete namespace shop "${TEAM[0]}" --wait=false
}

no_rules_left() { [ -z "$(kubectl get prometheusrules,configmaps -A -l plimsoll.dev/instance -o name)" ]; }
nothing_is_stuck() {
    kubectl delete namespace "$NAMESPACE" --timeout=60s
    kubectl delete namespace platform --timeout=60s
    notes_command 'kubectl delete crd' # which waits until it is gone
    # The garbage collector's work.
    eventually 60 "rules go with their SLOs" no_rules_left
    kubectl create namespace platform
}

test_cluster() {
    local name=${PLIMSOLL_CHART_CLUSTER:-chart-$$} namespace loader since
    step "The chart on a whole cluster"
    mkdir -p "$work/health" "$work/bin"
    ln -s "$LIB/helm" "$work/bin/helm"
    "$ROOT/Deploy/cluster/packages" build control-plane prometheus node image chart
    [ -e "$work/one" ] || build_once
    [ -n "${PLIMSOLL_CHART_CLUSTER:-}" ] || cleanups=("$ROOT/Deploy/cluster/down $name" "${cleanups[@]}")
    "$ROOT/Deploy/cluster/up" "$name" --prometheus --node --scrape-interval 5s --evaluation-interval 5s
    # shellcheck disable=SC1090
    . "$CACHE/clusters/$name/env"
    "$ROOT/Deploy/cluster/load-image" "$name" "$work/one.tar"
    export PATH=$work/bin:$PATH
    kubectl apply -f "$LIB/stubs.yaml" >/dev/null
    for namespace in platform monitoring; do kubectl create namespace "$namespace" >/dev/null 2>&1 || true; done
    # Not by the function, whose subshell would be killed in its place.
    "$CHART_VENV/bin/python" "$LIB/rule-loader.py" "$RULES_DIR" "$PROMETHEUS_URL/-/reload" &
    loader=$!
    cleanups=("kill $loader" "${cleanups[@]}")

    quietly "installed: two pods are Ready" install_chart
    quietly "one pod leads" leader
    quietly "the pods are confined" confined
    quietly "the notes' commands" run_notes
    quietly "the quickstart's SLOs are Ready" samples_are_ready
    quietly "the daemon's rights are exercised" exercise_rights prometheusrule
    quietly "the gate asks who asks" ask_gate
    quietly "healths from life" healths
    quietly "the leader's pod is deleted, the other leads" leader_dies
    grep ^FIGURE "$work/log"
    quietly "nothing forbidden, nothing granted in vain (PrometheusRule)" audit
    quietly "upgraded, the CRD too" upgrade_chart
    # Meanwhile the old pods had lost the rights on their output, before they were replaced.
    since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    quietly "the daemon's rights are exercised again" exercise_rights configmap
    quietly "the leader's pod is deleted again" leader_dies
    grep ^FIGURE "$work/log"
    quietly "nothing forbidden, nothing granted in vain (ConfigMap)" audit --refusals-since "$since"
    quietly "rolled back" rollback_chart
    prepare_readme
    quietly "README: operating it" operate
    quietly "uninstalled, SLOs stay" uninstall_chart
    quietly "Argo CD's health of SLOs, from life" healths_without_daemon
    quietly "installed for one namespace, with network policy, ServiceMonitor and alerts" install_for_one_namespace
    quietly "one namespace: nothing forbidden, nothing granted in vain" exercise_one_namespace
    quietly "uninstalled from one namespace" uninstall_from_one_namespace
    quietly "nothing is stuck: namespaces and CRD go" nothing_is_stuck
    test_readme
}
