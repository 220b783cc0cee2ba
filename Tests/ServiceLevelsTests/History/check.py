"""The error ratio of 30 days that the binary's rules, and its daemon, give for the synthetic history; against what really happened.

    check.py BINARY DIR

Rules are those of `BINARY render`. With PLIMSOLL_TEST_KUBECONFIG set (an API server that has the CRDs), the daemon itself runs on the history, on a
Prometheus that goes on scraping the targets, and what it exports and writes into status is compared too.
"""

import contextlib
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import history
import levels

BOUNDS = {"a": 0.001, "b": 0.001, "c": 0.01}
SLO = """apiVersion: plimsoll.dev/v1alpha1
kind: SLO
metadata: {name: %(name)s, namespace: %(namespace)s}
spec:
  service: %(name)s
  objective: 99%%
  window: {rolling: 30d}
  indicator:
    ratio: {errors: 'requests_total{job="%(name)s",code=~"5.."}', total: 'requests_total{job="%(name)s"}'}
"""
OK = True


def figure(name, value, bound):
    global OK
    good = abs(value) <= bound
    OK = OK and good
    print(f"FIGURE {name} {value:.6f} ratio <={bound} {'ok' if good else 'short'}", flush=True)


def compare(prefix, ratios, truth):
    for name, bound in BOUNDS.items():
        figure(f"{prefix}_{name}_relative_error", ratios[name] / truth["services"][name]["ratio"] - 1, bound)


def recorded(directory, truth):
    with open(f"{directory}/queries.txt", "w") as file:
        file.write('last_over_time(plimsoll:sli:events_period{plimsoll_instance="main"}[11m])\n')
    history.ask(directory)
    with open(f"{directory}/answers.txt") as file:
        samples = json.load(file)["data"]["result"]
    counts = {(s["metric"]["plimsoll_slo"], s["metric"]["plimsoll_sli"]): float(s["value"][1]) for s in samples}
    compare("history_rules", {name: counts[name, "errors"] / counts[name, "total"] for name in BOUNDS}, truth)


def dashboards(binary, directory):
    """Every query of every dashboard gives something on the history."""
    global OK
    folder = f"{directory}/dashboards"
    subprocess.run([binary, "render", f"{directory}/slos.yaml", "--dashboards", "-o", folder], check=True)
    queries = []
    for name in sorted(os.listdir(folder)):
        # Of c's 50 requests an hour none may have come in the last five minutes, and no request has no burn rate.
        if name.endswith(".json") and name != "dashboard_c.json":
            with open(f"{folder}/{name}") as file:
                queries += [(name, target["expr"]) for panel in json.load(file)["panels"] for target in panel["targets"]]
    with open(f"{directory}/queries.txt", "w") as file:
        file.write("".join(query + "\n" for _, query in queries))
    history.ask(directory)
    with open(f"{directory}/answers.txt") as file:
        answers = [json.loads(line) for line in file]
    empty = [f"{name}: {query}" for (name, query), answer in zip(queries, answers, strict=True) if not answer.get("data", {}).get("result")]
    OK = OK and queries and not empty
    print("\n".join([f"dashboards: {len(queries)} queries, {len(empty)} without an answer"] + empty), flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def targets(directory):
    """All targets as one: their last counters, which stand still."""
    with open(f"{directory}/last.prom", "rb") as file:
        text = file.read()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def exported(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        text = answer.read().decode()
    ratios = {}
    for line in text.splitlines():
        if line.startswith("plimsoll_slo_error_ratio{") and 'window="30d"' in line:
            found = re.search(r'plimsoll_slo="(\w+)"', line)
            ratios[found.group(1)] = float(line.rsplit(" ", 1)[1])
    return ratios


def daemon(binary, directory, truth, kubeconfig, namespace):
    def kubectl(*arguments, text=None, check=True):
        return subprocess.run(
            ["kubectl", "--kubeconfig", kubeconfig, *arguments], input=text, text=True, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ).stdout

    rules, port = f"{directory}/rules", free_port()
    os.makedirs(rules, exist_ok=True)
    with targets(directory) as exporter, history.Prometheus(
        directory, "5m",
        "global: {scrape_interval: 10s}\n"
        f"rule_files: [{rules}/*.yaml]\n"
        "scrape_configs:\n"
        f"- {{job_name: targets, honor_labels: true, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}\n",
    ) as server:
        with open(f"{directory}/plimsoll.yaml", "w") as file:
            file.write(
                f"instance: main\nnamespaces: {{include: [{namespace}]}}\nprometheus:\n- name: default\n  url: {server.url}\n  pollInterval: 5s\n"
                f"  rules: {{output: Directory, directory: {{path: {rules}, reloadURL: '{server.url}/-/reload'}}}}\n"
                f"serving: {{address: '127.0.0.1:{port}'}}\n"
            )
        kubectl("create", "namespace", namespace)
        log = open(f"{directory}/plimsoll.log", "w")
        process = subprocess.Popen([binary, "run", "--config", f"{directory}/plimsoll.yaml", "--kubeconfig", kubeconfig], stdout=log, stderr=log)
        try:
            kubectl("apply", "--validate=false", "-f", "-", text="---\n".join(SLO % {"name": n, "namespace": namespace} for n in BOUNDS))
            ratios, deadline = {}, time.monotonic() + 240
            while len(ratios) < len(BOUNDS) and time.monotonic() < deadline and process.poll() is None:
                time.sleep(2)
                with contextlib.suppress(OSError):
                    ratios = exported(f"http://127.0.0.1:{port}/metrics")
            if len(ratios) < len(BOUNDS):
                sys.exit(f"the daemon exported only {ratios}; its log:\n" + open(f"{directory}/plimsoll.log").read()[-4000:])
            compare("history_daemon", ratios, truth)
            time.sleep(3)
            print(kubectl("get", "slo", "-n", namespace))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            log.close()
            kubectl("delete", "namespace", namespace, "--wait=false", check=False)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary, directory = sys.argv[1:]
    since = time.monotonic()
    namespace = f"history-{os.getpid()}"
    history.History(30, 100, int(time.time()) // 30 * 30).write(directory)
    history.say("history written", since)
    with open(f"{directory}/truth.json") as file:
        truth = json.load(file)
    with open(f"{directory}/slos.yaml", "w") as file:
        file.write("---\n".join(SLO % {"name": name, "namespace": namespace} for name in BOUNDS))
    text = subprocess.run([binary, "render", f"{directory}/slos.yaml"], check=True, stdout=subprocess.PIPE, text=True).stdout
    for level, rules in levels.split(text):
        with open(f"{directory}/rules-{level}.yaml", "w") as file:
            file.write(rules)
    open(f"{directory}/rules-4.end", "w").close()
    history.backfill(directory)
    recorded(directory, truth)
    dashboards(binary, directory)
    kubeconfig = os.environ.get("PLIMSOLL_TEST_KUBECONFIG")
    if kubeconfig:
        daemon(binary, directory, truth, kubeconfig, namespace)
    else:
        print("the daemon itself was not asked: PLIMSOLL_TEST_KUBECONFIG names no API server")
    sys.exit(0 if OK else 1)


main()
