"""Holds what a service account was granted against what it asked for.

    audit.py AUDIT_LOG NAMESPACE NAME [--refusals-since RFC3339] [--unused "role verb resource.group: reason"]...

KUBECONFIG is the admin's. It fails when a request of the account was forbidden, when a right that a role or cluster role gives to it (by name, not by
a group of all accounts) was never used (a watch counts once it has ended), or when such a role has a `*` or lets it list or watch Secrets. An exception that was used fails too."""

import argparse
import json
import subprocess
import sys


def objects(kind, namespaced):
    command = ["kubectl", "get", kind, "-o", "json"] + (["-A"] if namespaced else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["items"]


def named(subjects, namespace, name):
    return any(s["kind"] == "ServiceAccount" and s["name"] == name and s.get("namespace") == namespace for s in subjects or [])


def grants(namespace, name):
    """(scope, role, verb, group, resource, name) for each right; scope is a namespace, or "" for all."""
    cluster_roles = {r["metadata"]["name"]: r for r in objects("clusterroles", False)}
    roles = {(r["metadata"]["namespace"], r["metadata"]["name"]): r for r in objects("roles", True)}
    bindings = [("", b) for b in objects("clusterrolebindings", False)] + [(b["metadata"]["namespace"], b) for b in objects("rolebindings", True)]
    for scope, binding in bindings:
        if not named(binding.get("subjects"), namespace, name):
            continue
        reference = binding["roleRef"]
        role = cluster_roles[reference["name"]] if reference["kind"] == "ClusterRole" else roles[(scope, reference["name"])]
        for rule in role["rules"]:
            if "nonResourceURLs" in rule:
                raise SystemExit(f"{reference['name']} grants nonResourceURLs, which this check does not know")
            for verb in rule["verbs"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        for only in rule.get("resourceNames") or [None]:
                            yield scope, reference["name"], verb, group, resource, only


def requests(path, user):
    with open(path, encoding="utf-8") as log:
        for line in log:
            if user not in line:
                continue
            event = json.loads(line)
            if event["user"]["username"] == user:
                yield event


def text(verb, group, resource):
    return f"{verb} {resource}" + (f".{group}" if group else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("namespace")
    parser.add_argument("name")
    parser.add_argument("--refusals-since", default="")
    parser.add_argument("--unused", action="append", default=[])
    options = parser.parse_args()
    granted = list(grants(options.namespace, options.name))
    problems = []
    if not granted:
        problems.append("the account has no rights at all: is this its name?")
    used, count = set(), 0
    for event in requests(options.log, f"system:serviceaccount:{options.namespace}:{options.name}"):
        count += 1
        code = event.get("responseStatus", {}).get("code")
        if code in (401, 403) or event.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid":
            if event["requestReceivedTimestamp"] < options.refusals_since:
                continue
            problems.append(f"refused with {code}: {event['verb']} {event['requestURI']} at {event['requestReceivedTimestamp']}")
            continue
        target = event.get("objectRef")
        if not target or "resource" not in target:
            continue
        resource = target["resource"] + (f"/{target['subresource']}" if "subresource" in target else "")
        # Server-side apply of what is not there yet: the server asks for `create` besides `patch`.
        verbs = [event["verb"]] + (["create"] if event["verb"] == "patch" and code == 201 else [])
        used.update((verb, target.get("apiGroup", ""), resource, target.get("namespace", ""), target.get("name")) for verb in verbs)
    if count == 0:
        problems.append("the audit log has no request of the account")
    excused = {line.split(":", 1)[0].strip(): line.split(":", 1)[1].strip() for line in options.unused}
    seen = 0
    for scope, role, verb, group, resource, only in granted:
        what = text(verb, group, resource)
        if "*" in (verb, group, resource):
            problems.append(f"{role} grants {what}")
        if resource == "secrets" and verb in ("list", "watch") and not scope:
            problems.append(f"{role} grants {what} in all namespaces")
        exercised = any(
            (v, g, r) == (verb, group, resource) and (not scope or n == scope) and (only is None or o == only) for v, g, r, n, o in used)
        seen += exercised
        excuse = excused.get(f"{role} {what}")
        if exercised and excuse:
            problems.append(f"{role}: {what} is excused as unused and was used")
        elif exercised:
            continue
        elif excuse:
            print(f"unused: {role}: {what}: {excuse}")
        else:
            problems.append(f"granted and never used: {role}: {what}" + (f" named {only}" if only else ""))
    for problem in problems:
        print(problem)
    if problems:
        return 1
    print(f"{count} requests, none refused; {seen} of {len(granted)} granted rights used")
    return 0


sys.exit(main())
