# What needs no cluster. Sourced by chart-test.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154 # work, ROOT and the like are of chart-test.sh

lint_chart() { helm lint --strict "$CHART" "$@"; }

# rendered VALUES...: the manifests keep the rules, and the daemon takes the configuration in them.
rendered() {
    helm template plimsoll "$CHART" -n "$NAMESPACE" "$@" >"$work/rendered.yaml"
    python "$LIB/rendered.py" "$work/plimsoll.yaml" <"$work/rendered.yaml"
    "$binary" validate --config "$work/plimsoll.yaml" "$work/empty"
}

# The chart's copy of the CRD is the generated one, with what Helm adds.
crd_is_generated() {
    "$binary" crds | python -c '
import sys, yaml
def by_name(documents): return {d["metadata"]["name"]: d for d in documents if d and d["kind"] == "CustomResourceDefinition"}
want = by_name(yaml.safe_load_all(sys.stdin))
got = by_name(yaml.safe_load_all(open(sys.argv[1])))
for definition in got.values():
    assert definition["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}, definition["metadata"]
    definition["metadata"].pop("labels")
assert want and got == want, "the rendered definitions differ from `plimsoll crds`"
' "$work/rendered.yaml"
}

# What is asked for arrives where it should. Rendered without a cluster, it is for the newest Kubernetes that Helm knows.
arrives() {
    helm template plimsoll "$CHART" -n "$NAMESPACE" -f "$LIB/values/everything.yaml" >"$work/rendered.yaml"
    helm template plimsoll "$CHART" -n "$NAMESPACE" -f "$LIB/values/everything.yaml" --set crds.keep=false --notes >"$work/notes"
    python - "$work/rendered.yaml" <<'PYTHON'
import sys, yaml
by_kind = {d["kind"]: d for d in yaml.safe_load_all(open(sys.argv[1])) if d}
arguments = by_kind["Deployment"]["spec"]["template"]["spec"]["containers"][0]["args"]
assert arguments == ["run", "--config", "/etc/plimsoll/plimsoll.yaml", "--log-level", "debug", "--log-format", "json"], arguments
budget = by_kind["PodDisruptionBudget"]["spec"]
assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow", budget
PYTHON
    grep 'WARNING: crds.keep is false' "$work/notes"
    grep -F '/rules/plimsoll_eu_*.yaml' "$work/notes"
}

overlay_is_accepted() {
    "$kubectl" kustomize "$ROOT/Deploy/overlays/$1" >"$work/overlay.yaml"
    python "$LIB/rendered.py" "$work/plimsoll.yaml" <"$work/overlay.yaml"
    "$binary" validate --config "$work/plimsoll.yaml" "$work/empty"
    # The account may have the lease that the configuration makes the daemon want.
    python -c '
import sys, yaml
instance = yaml.safe_load(open(sys.argv[1]))["instance"]
names = [n for d in yaml.safe_load_all(open(sys.argv[2])) if d and d["kind"] == "Role" for r in d["rules"] for n in r.get("resourceNames", [])]
assert names == [f"plimsoll-{instance}"], f"instance {instance}, but the Role names {names}"
# The support bundle and the runbooks find the configuration, and GitOps tools leave the SLOs alone.
[labels] = [d["metadata"].get("labels") for d in yaml.safe_load_all(open(sys.argv[2])) if d["kind"] == "ConfigMap"]
assert labels == {"app.kubernetes.io/name": "plimsoll"}, f"the ConfigMap has the labels {labels}"
definitions = [d["metadata"].get("annotations", {}) for d in yaml.safe_load_all(open(sys.argv[2])) if d["kind"] == "CustomResourceDefinition"]
assert definitions
for kept in definitions:
    assert kept.get("kustomize.toolkit.fluxcd.io/prune") == "disabled" and "Prune=false" in kept.get("argocd.argoproj.io/sync-options", ""), kept
' "$work/plimsoll.yaml" "$work/overlay.yaml"
}

# What the GitOps samples set, the chart takes; what they point at is there.
gitops_values() {
    python - "$ROOT" "$work" <<'PYTHON'
import pathlib, sys, yaml
root, work = map(pathlib.Path, sys.argv[1:])
documents = [d for f in sorted((root / "Deploy/gitops").rglob("*.yaml")) for d in yaml.safe_load_all(f.read_text()) if d]
number = 0
for document in documents:
    spec = document.get("spec", {})
    path = spec.get("path") or spec.get("source", {}).get("path") or spec.get("chart", {}).get("spec", {}).get("chart")
    if path:
        assert (root / path).is_dir(), f"{document['kind']} {document['metadata']['name']}: {path} is no folder"
        number += 1
    values = spec.get("values") or spec.get("source", {}).get("helm", {}).get("valuesObject")
    if values:
        (work / f"gitops-{document['kind']}.yaml").write_text(yaml.safe_dump(values))
assert number == 4, f"{number} samples point at a folder, and four should"
PYTHON
    lint_chart -f "$work/gitops-Application.yaml"
    lint_chart -f "$work/gitops-HelmRelease.yaml"
}

health_of_samples() { python "$LIB/health.py" "$ROOT/Deploy/gitops/argocd/argocd-cm.yaml" lua5.1 lua5.3 -- "$LIB"/health/*.json; }

alerts_are_rules() {
    helm template plimsoll "$CHART" -n "$NAMESPACE" --set alerts.enabled=true |
        python -c 'import sys, yaml; [print(yaml.safe_dump(d["spec"])) for d in yaml.safe_load_all(sys.stdin) if d and d["kind"] == "PrometheusRule"]' >"$work/alerts.yaml"
    promtool check rules "$work/alerts.yaml"
}

test_static() {
    local values
    "$ROOT/Deploy/cluster/packages" build control-plane prometheus chart
    kubectl=$("$ROOT/Deploy/cluster/build-kubernetes")/kubectl
    mkdir -p "$work/empty"
    printf '{apiVersion: v1, kind: ConfigMap, metadata: {name: none}}\n' >"$work/empty/none.yaml"
    step "Chart, overlays, GitOps samples"
    quietly "copies and generated manifests are up to date" "$LIB/sync" --check
    quietly "the chart is linted" lint_chart
    quietly "the default values render" rendered
    quietly "the CRD is the generated one" crd_is_generated
    for values in "$LIB"/values/*.yaml; do
        quietly "linted with $(basename "$values")" lint_chart -f "$values"
        quietly "rendered with $(basename "$values")" rendered -f "$values"
    done
    quietly "log format, disruption budget and the notes' warnings" arrives
    quietly "bad values are refused" python "$LIB/refused.py" "$CHART" "$LIB/refused.yaml"
    if [ -e "$CHART/files/alerts/plimsoll.yaml" ]; then quietly "alerts are rules" alerts_are_rules; fi
    for values in base us-east-1 eu-central-1; do quietly "overlay $values (kubectl 1.20's kustomize)" overlay_is_accepted "$values"; done
    quietly "GitOps samples" gitops_values
    quietly "Argo CD's health of SLOs, in Lua" health_of_samples
    quietly "Dockerfile" "$CHART_VENV/bin/hadolint" "$ROOT/Deploy/image/Dockerfile"
    quietly "README's commands have somebody who runs them" python "$LIB/readme.py" check "$ROOT/README.md" "$LIB/../chart-test.sh" "$LIB"/*.sh
}
