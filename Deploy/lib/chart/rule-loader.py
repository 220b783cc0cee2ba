"""In the place of the Prometheus Operator (or of a sidecar that collects ConfigMaps): every second brings the rules of all PrometheusRules, and the
files of all ConfigMaps with the label, into the directory Prometheus loads from, and has it read them again when something changed.

    rule-loader.py DIRECTORY RELOAD_URL"""

import json
import pathlib
import subprocess
import sys
import time
import urllib.request

LABEL = "plimsoll.dev/instance"


def items(kind):
    answer = subprocess.run(["kubectl", "get", kind, "-A", "-l", LABEL, "-o", "json"], capture_output=True, text=True)
    return json.loads(answer.stdout)["items"] if answer.returncode == 0 else None


def wanted():
    """Name to content of every file, or None when the server could not be asked."""
    rules, maps = items("prometheusrules.monitoring.coreos.com"), items("configmaps")
    if rules is None or maps is None:
        return None
    files = {f"rule_{r['metadata']['namespace']}_{r['metadata']['name']}.yaml": json.dumps(r["spec"]) for r in rules}
    for each in maps:
        files.update({f"map_{each['metadata']['namespace']}_{name}": text for name, text in each.get("data", {}).items()})
    return files


def main(folder, reload):
    while True:
        files = wanted()
        if files is not None:
            present = {p.name: p.read_text() for p in folder.glob("*.yaml") if p.name.startswith(("rule_", "map_"))}
            if present != files:
                for name in present.keys() - files.keys():
                    (folder / name).unlink()
                for name, text in files.items():
                    (folder / name).write_text(text)
                urllib.request.urlopen(urllib.request.Request(reload, method="POST"), timeout=20).close()
        time.sleep(1)


main(pathlib.Path(sys.argv[1]), sys.argv[2])
