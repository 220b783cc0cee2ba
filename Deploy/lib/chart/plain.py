"""Turns the rendered chart (standard input) into plain manifests in the folder named: without what only Helm needs, and with the daemon's
configuration as a file of its own, for kustomize's configMapGenerator."""

import pathlib
import sys

import yaml

HEADER = "# Generated from Charts/plimsoll by Deploy/lib/chart/sync; edit the chart instead.\n"
HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/instance")
FILES = {
    "ServiceAccount": "account.yaml",
    "ClusterRole": "rbac.yaml",
    "ClusterRoleBinding": "rbac.yaml",
    "Role": "rbac.yaml",
    "RoleBinding": "rbac.yaml",
    "Deployment": "deployment.yaml",
    "Service": "service.yaml",
    "PodDisruptionBudget": "disruption.yaml",
}
NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "plimsoll-system", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}



class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def without_helm(value):
    if isinstance(value, dict):
        return {k: without_helm(v) for k, v in value.items() if k not in HELM_LABELS and k != "checksum/config" and not (k == "annotations" and set(v) == {"checksum/config"})}
    if isinstance(value, list):
        return [without_helm(v) for v in value]
    return value


def main(folder):
    files = {"namespace.yaml": [NAMESPACE]}
    for document in yaml.safe_load_all(sys.stdin):
        if document is None:
            continue
        document = without_helm(document)
        if document["kind"] == "ConfigMap":
            (folder / "plimsoll.yaml").write_text(document["data"]["plimsoll.yaml"])
            continue
        files.setdefault(FILES[document["kind"]], []).append(document)
    for name, documents in files.items():
        text = yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, width=1000)
        (folder / name).write_text(HEADER + text)


main(pathlib.Path(sys.argv[1]))
