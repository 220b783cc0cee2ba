# Every command of the README that needs a cluster or the binary, as it stands there. Sourced by chart-test.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154 # work, ROOT and the like are of chart-test.sh

# `plimsoll` of the README's commands: `run` does not end by itself, so it is ended once it says that it runs.
make_plimsoll() {
    cat >"$work/bin/plimsoll" <<SH
#!/usr/bin/env bash
set -euo pipefail
[ "\${1:-}" = run ] || exec "$1" "\$@"
"$1" "\$@" 2>"$work/run.log" &
pid=\$!
for ((try = 0; try < 300; try++)); do
    if grep -q 'running' "$work/run.log"; then
        kill -TERM \$pid
        wait \$pid
        exit
    fi
    sleep 0.1
done
cat "$work/run.log"
kill -KILL \$pid
exit 1
SH
    chmod +x "$work/bin/plimsoll"
}

# run_readme NAME [FOLDER]
run_readme() {
    python "$LIB/readme.py" show "$ROOT/README.md" "$1" >"$work/commands"
    (cd "${2:-$work/readme}" && bash -euxo pipefail "$work/commands")
}

# The README's own configuration, on a port that is free.
readme_configuration() {
    python - "$ROOT/README.md" <<'PYTHON' | sed 's/0\.0\.0\.0:8080/127.0.0.1:0/'
import re, sys
blocks = re.findall(r"^```yaml\n(.*?)^```$", open(sys.argv[1], encoding="utf-8").read(), re.M | re.S)
[configuration] = [b for b in blocks if b.startswith("instance:")]
print(configuration, end="")
PYTHON
}

overlay_by_kubectl() {
    local image region
    # As the README says for this old a server.
    sed -i 's|policy/v1$|policy/v1beta1|; /unhealthyPodEvictionPolicy/d' "$work/readme/Deploy/overlays/base/disruption.yaml"
    # Under the names that the overlays give it: there is no registry here.
    image=$(sed -n 2p "$work/one")
    for region in us-east-1 eu-central-1; do ctr images tag --force "$image" "registry.$region.example.com/plimsoll:0.1.0"; done
    run_readme kustomize
}

gitops_by_kubectl() {
    kubectl create namespace argocd
    kubectl create namespace flux-system
    kubectl -n argocd create configmap argocd-cm --from-literal=url=https://argocd.example.com
    run_readme argocd
    run_readme flux
    [ -n "$(kubectl -n argocd get configmap argocd-cm -o 'jsonpath={.data.resource\.customizations\.health\.plimsoll\.dev_SLO}')" ]
    [ "$(kubectl -n argocd get configmap argocd-cm -o 'jsonpath={.data.url}')" = https://argocd.example.com ]
}

prepare_readme() {
    mkdir -p "$work/readme/Deploy"
    ln -s "$ROOT/Charts" "$work/readme/"
    cp -R "$ROOT/Deploy/overlays" "$ROOT/Deploy/gitops" "$work/readme/Deploy/"
    cp -R "$ROOT/Manifests" "$work/readme/"
    make_plimsoll "$binary"
    readme_configuration >"$work/readme/plimsoll.yaml"
}

# While the chart's daemon runs.
operate() {
    local bundle
    # Pods that have just been replaced have let go of the lease, and nobody holds it for a moment.
    eventually 30 "one pod leads" leader
    run_readme operate
    for bundle in from-the-pod bundle; do tar -tf "$work/readme/$bundle.tar" | grep manifest.json; done
    runbooks_find_configuration >"$work/found"
    grep "url: $PROMETHEUS_URL" "$work/found"
}

# The runbooks' commands that read the daemon's configuration from the cluster, as they stand there.
runbooks_find_configuration() {
    sed -n 's/SOURCE/default/; /^map=/p; / get cm /p' "$ROOT"/Manifests/runbooks/{source-unreachable,config-reload-failed}.md >"$work/commands"
    [ "$(wc -l <"$work/commands")" = 3 ]
    (cd "$work/readme" && bash -euxo pipefail "$work/commands")
}

uninstall_by_kubectl() {
    run_readme uninstall
    ! kubectl get crd slos.plimsoll.dev || { echo "the CRD is still there"; return 1; }
}

test_readme() {
    step "The README's commands"
    quietly "README: without a cluster" run_readme offline
    # What the reader is told to set: his registry and his Prometheus.
    export REGISTRY=localhost/plimsoll
    quietly "README: Helm" run_readme helm
    quietly "README: kustomize" overlay_by_kubectl
    quietly "README: Argo CD and Flux" gitops_by_kubectl
    quietly "README: the daemon" run_readme daemon
    quietly "README: SLOs" run_readme slo
    quietly "README: what stays behind" run_readme cleanup
    quietly "README: uninstalled" uninstall_by_kubectl
}
