"""A subset of Helm's command line over Helm's own SDK: same verbs, same options, same effects."""

import argparse
import os
import sys

import helm_python as helm
import yaml


def merged(base, over):
    """Values files and --set: maps are merged, everything else is replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        result = dict(base)
        for key, value in over.items():
            result[key] = merged(result[key], value) if key in result else value
        return result
    return over


def values_of(options):
    values = {}
    for path in options.values:
        with open(path, encoding="utf-8") as file:
            values = merged(values, yaml.safe_load(file) or {})
    for text in options.set:
        values = merged(values, helm.parse_set_string(text))
    return values


def seconds(text):
    units = {"s": 1, "m": 60, "h": 3600}
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)


def config(options):
    return helm.Config(kubeconfig_path=os.environ.get("KUBECONFIG"), namespace=options.namespace)


def lint(options):
    report = helm.lint(options.chart, values_of(options), namespace=options.namespace, strict=options.strict or None)
    words = {1: "INFO", 2: "WARNING", 3: "ERROR"}
    for message in report["messages"]:
        print(f"[{words.get(message['severity'], 'UNKNOWN')}] {message['path']}: {message['error']}")
    bad = report["errors"] or [m for m in report["messages"] if m["severity"] >= (2 if options.strict else 3)]
    print(f"{report['total_charts_linted']} chart(s) linted, {1 if bad else 0} chart(s) failed")
    return 1 if bad else 0


def template(options):
    with helm.Chart.load(options.chart) as chart:
        for path, text in sorted(chart.render(values_of(options), name=options.name, namespace=options.namespace).items()):
            if path.endswith("NOTES.txt"):
                if options.notes:
                    print(text)
            elif text.strip() and not options.notes:
                print(f"---\n# Source: {path}\n{text.strip()}")
    return 0


def told(release):
    for key in ("name", "namespace", "revision", "status"):
        print(f"{key.upper()}: {release.get(key)}")
    notes = release.get("notes") or release.get("info", {}).get("notes")
    if notes:
        print(f"NOTES:\n{notes}")


def install(options):
    with config(options) as cfg:
        told(
            cfg.install(
                options.chart, options.name, values_of(options), namespace=options.namespace, create_namespace=options.create_namespace,
                wait="watcher" if options.wait else None, timeout=seconds(options.timeout)))
    return 0


def upgrade(options):
    with config(options) as cfg:
        if options.install and not any(r["name"] == options.name for r in cfg.list(all_states=True)):
            return install(options)
        told(
            cfg.upgrade(
                options.chart, options.name, values_of(options), namespace=options.namespace, reuse_values=options.reuse_values,
                wait="watcher" if options.wait else None, timeout=seconds(options.timeout)))
    return 0


def rollback(options):
    with config(options) as cfg:
        cfg.rollback(
            options.name, version=options.revision, wait="watcher" if options.wait else None, timeout=seconds(options.timeout))
    print("Rollback was a success! Happy Helming!")
    return 0


def uninstall(options):
    with config(options) as cfg:
        answer = cfg.uninstall(options.name, wait="watcher" if options.wait else None, timeout=seconds(options.timeout))
    print(answer.get("info") or "")
    print(f'release "{options.name}" uninstalled')
    return 0


def history(options):
    with config(options) as cfg:
        for release in cfg.history(options.name):
            print(release["revision"], release["status"], release.get("chart", ""))
    return 0


def package(options):
    print(helm.package(options.chart, destination=options.destination))
    return 0


def main():
    parser = argparse.ArgumentParser(prog="helm")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-n", "--namespace", default="default")
    common.add_argument("--wait", action="store_true")
    common.add_argument("--timeout", default="5m")
    given = argparse.ArgumentParser(add_help=False)
    given.add_argument("-f", "--values", action="append", default=[])
    given.add_argument("--set", action="append", default=[])
    verbs = parser.add_subparsers(dest="verb", required=True)

    verb = verbs.add_parser("lint", parents=[common, given])
    verb.add_argument("chart")
    verb.add_argument("--strict", action="store_true")
    verb = verbs.add_parser("template", parents=[common, given])
    verb.add_argument("name")
    verb.add_argument("chart")
    verb.add_argument("--notes", action="store_true", help="the notes instead of the manifests")
    for name in ("install", "upgrade"):
        verb = verbs.add_parser(name, parents=[common, given])
        verb.add_argument("name")
        verb.add_argument("chart")
        verb.add_argument("--create-namespace", action="store_true")
        verb.add_argument("--reuse-values", action="store_true")
        if name == "upgrade":
            verb.add_argument("--install", "-i", action="store_true")
    verb = verbs.add_parser("rollback", parents=[common])
    verb.add_argument("name")
    verb.add_argument("revision", nargs="?", type=int)
    for name in ("uninstall", "history"):
        verbs.add_parser(name, parents=[common]).add_argument("name")
    verb = verbs.add_parser("package")
    verb.add_argument("chart")
    verb.add_argument("-d", "--destination", default=".")

    options = parser.parse_args()
    try:
        return globals()[options.verb](options)
    except helm.HelmError as error:
        detail = getattr(error, "detail", None)
        print(f"Error: {error}" + (f": {detail}" if detail and detail not in str(error) else ""), file=sys.stderr)
        return 1


sys.exit(main())
