"""Checks of rendered manifests (standard input): the pod keeps the profile `restricted`, the roles hold no more than they may, everything namespaced
says its namespace. Writes the daemon's configuration to the file named. rendered.py CONFIGURATION"""

import sys

import yaml

CLUSTER = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}


def roles(document):
    name = f"{document['kind']} {document['metadata']['name']}"
    for rule in document["rules"]:
        if "*" in rule.get("verbs", []) + rule.get("apiGroups", []) + rule.get("resources", []) or "nonResourceURLs" in rule:
            yield f"{name} grants *: {rule}"
        if "secrets" in rule.get("resources", []):
            yield f"{name} grants rights on Secrets: {rule}"
        acts = document["kind"] == "Role" and rule["resources"] == ["serviceaccounts"]
        if {"escalate", "bind"} & set(rule["verbs"]) or ("impersonate" in rule["verbs"] and not acts):
            yield f"{name} grants {rule['verbs']}"


def restricted(pod):
    security = pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True:
        yield "the pod may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "the pod has no seccomp profile RuntimeDefault"
    if any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
        yield "the pod shares a namespace of the host"
    for container in pod["containers"] + pod.get("initContainers", []):
        security = container.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is not False:
            yield f"{container['name']} may gain privileges"
        if security.get("readOnlyRootFilesystem") is not True:
            yield f"{container['name']} may write to its root file system"
        if security.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{container['name']} keeps capabilities"
        for probe in ("livenessProbe", "readinessProbe"):
            if probe not in container:
                yield f"{container['name']} has no {probe}"


def main(configuration):
    problems, written = [], False
    for document in yaml.safe_load_all(sys.stdin):
        if document is None:
            continue
        kind, metadata = document["kind"], document["metadata"]
        if kind not in CLUSTER and "namespace" not in metadata:
            problems.append(f"{kind} {metadata['name']} says no namespace")
        if kind in ("Role", "ClusterRole"):
            problems += roles(document)
        if kind == "Deployment":
            problems += restricted(document["spec"]["template"]["spec"])
        if kind == "ConfigMap" and "plimsoll.yaml" in document["data"]:
            with open(configuration, "w", encoding="utf-8") as file:
                file.write(document["data"]["plimsoll.yaml"])
            written = True
    if not written:
        problems.append("there is no ConfigMap with the daemon's configuration")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


sys.exit(main(sys.argv[1]))
