"""Every query of every dashboard of these SLOs gives something on this Prometheus: dashboards.py PLIMSOLL MANIFESTS CONFIG URL"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request


def main():
    binary, manifests, config, url = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([binary, "render", manifests, "--config", config, "--dashboards", "-o", folder], check=True)
        queries = []
        for name in sorted(os.listdir(folder)):
            if name.startswith("dashboard"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    queries += [(name, target["expr"]) for panel in json.load(file)["panels"] for target in panel["targets"]]
    empty = []
    for name, query in queries:
        with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=30) as answer:
            if not json.load(answer)["data"]["result"]:
                empty.append(f"{name}: {query}")
    print("\n".join([f"dashboards: {len(queries)} queries, {len(empty)} without an answer"] + empty))
    sys.exit(0 if queries and not empty else 1)


main()
