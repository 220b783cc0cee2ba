"""SLO rules beside the rule shapes of Sloth and Pyrra, on the same series in a real Prometheus: what they say, and what they cost.

    slo.py BINARY DIR

The shapes are written from the facts in research/slo.md, sections 2.1 and 2.2. Takes about ten minutes on 2 cores; prints FIGURE lines and raw.csv.
"""

import csv
import datetime
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../ServiceLevelsTests/History"))
import history  # noqa: E402
import levels  # noqa: E402

SLO = """apiVersion: plimsoll.dev/v1alpha1
kind: SLO
metadata: {name: %s, namespace: bench}
spec:
  service: %s
  objective: 99.9%%
  window: {rolling: 30d}
  indicator:
    ratio: {errors: 'requests_total{job="%s",code=~"5.."}', total: 'requests_total{job="%s"}'}
"""
BOUNDS = {"a": 0.001, "b": 0.001, "c": 0.01}
SLOTH_WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]
PYRRA_WINDOWS = ["5m", "32m", "64m", "129m", "386m", "1543m", "6171m"]
ROWS = []


def figure(name, value, unit, target):
    bound, limit = target[:2], float(target[2:])
    good = value <= limit if bound == "<=" else value >= limit
    print(f"FIGURE {name} {value:.6g} {unit} {target} {'ok' if good else 'short'}", flush=True)


def peer(name, value, unit):
    """A peer's figure has no target."""
    print(f"PEER {name} {value:.6g} {unit}", flush=True)


def selectors(name):
    return f'requests_total{{job="{name}",code=~"5.."}}', f'requests_total{{job="{name}"}}'


def sloth(name, window):
    errors, total = selectors(name)
    return f"(sum(rate({errors}[{window}]))) / (sum(rate({total}[{window}])))"


def sloth_period(name):
    series = f'slo:sli_error:ratio_rate5m{{sloth_id="{name}"}}'
    return f"sum_over_time({series}[30d]) / count_over_time({series}[30d])"


def pyrra_period(name):
    errors, total = selectors(name)
    return [f"sum(increase({total}[30d]))", f"sum(increase({errors}[30d]))"]


def render(binary, directory, names, *options):
    with open(f"{directory}/slos.yaml", "w") as file:
        file.write("---\n".join(SLO % (n, n, n, n) for n in names))
    return subprocess.run([binary, "render", f"{directory}/slos.yaml", *options], check=True, stdout=subprocess.PIPE, text=True).stdout


def rules_of(text):
    """(group, interval in seconds, expr) of each rule of a rendered file, in the few forms of YAML that our writer has."""
    found, group, interval, expr, indent = [], "", 30.0, None, 0
    for line in text.splitlines() + ["- end"]:
        stripped = line.strip()
        depth = len(line) - len(line.lstrip())
        if expr is not None:
            if depth > indent and stripped:
                expr.append(stripped)
                continue
            found.append((group, interval, " ".join(expr)))
            expr = None
        if stripped.startswith("- name: "):
            group, interval = stripped.removeprefix("- name: "), 30.0
        elif stripped.startswith("interval: "):
            interval = seconds(stripped.removeprefix("interval: "))
        elif stripped.startswith("expr: |"):
            expr, indent = [], depth
        elif stripped.startswith("expr: "):
            text = stripped.removeprefix("expr: ")
            if text.startswith('"'):
                text = json.loads(text)
            elif text.startswith("'"):
                text = text[1:-1].replace("''", "'")
            found.append((group, interval, text))
    return found


def seconds(text):
    total, number = 0.0, ""
    for character in text:
        if character.isdigit():
            number += character
        else:
            total += int(number) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[character]
            number = ""
    return total


def ask(directory, queries):
    with open(f"{directory}/queries.txt", "w") as file:
        file.write("".join(query.replace("\n", " ") + "\n" for query in queries))
    history.ask(directory)
    with open(f"{directory}/answers.txt") as file:
        answers = [json.loads(line) for line in file]
    for query, answer in zip(queries, answers, strict=True):
        if answer["status"] != "success":
            sys.exit(f"{query}: {answer.get('error')}")
    return [answer["data"] for answer in answers]


def value(data):
    return float(data["result"][0]["value"][1]) if data["result"] else float("nan")


def samples(data):
    return data["stats"]["samples"]["totalQueryableSamples"]


def accuracy(directory, truth):
    ours = 'last_over_time(plimsoll:sli:events_period{plimsoll_slo="%s",plimsoll_sli="%s"}[11m])'
    for name, bound in BOUNDS.items():
        data = ask(directory, [ours % (name, "errors"), ours % (name, "total"), sloth_period(name), *pyrra_period(name)])
        real = truth["services"][name]["ratio"]
        errors, total, sloth_ratio, pyrra_total, pyrra_errors = map(value, data)
        ours_off, sloth_off, pyrra_off = (ratio / real - 1 for ratio in (errors / total, sloth_ratio, pyrra_errors / pyrra_total))
        figure(f"budget_{name}_relative_error", abs(ours_off), "ratio", f"<={bound}")
        peer(f"sloth_budget_{name}_relative_error", sloth_off, "ratio")
        peer(f"pyrra_budget_{name}_relative_error", pyrra_off, "ratio")
        ROWS.append(("accuracy", name, ours_off, sloth_off, pyrra_off))


def cost(directory, rules):
    """Samples that Prometheus reads for SLO b, a second: each rule's own statistics over its group's interval."""
    mine = [(interval, expr) for group, interval, expr in rules if "/b/" in group]
    errors, total = selectors("b")
    sloth_rules = [(30.0, sloth("b", window)) for window in SLOTH_WINDOWS] + [(30.0, sloth_period("b"))]
    pyrra_rules = [(30.0, sloth("b", window)) for window in PYRRA_WINDOWS] + [(150.0, query) for query in pyrra_period("b")]
    sums = {}
    for name, chosen in (("plimsoll", mine), ("sloth", sloth_rules), ("pyrra", pyrra_rules)):
        answers = ask(directory, [expr for _, expr in chosen])
        sums[name] = sum(samples(data) / interval for (interval, _), data in zip(chosen, answers, strict=True))
        for (interval, expr), data in zip(chosen, answers, strict=True):
            ROWS.append(("cost", name, samples(data), interval, expr))
    figure("samples_read_per_second", sums["plimsoll"], "samples/s", "<=150")
    peer("sloth_samples_read_per_second", sums["sloth"], "samples/s")
    peer("pyrra_samples_read_per_second", sums["pyrra"], "samples/s")


RAW = """- name: raw
  rules:
  - alert: Raw
    expr: >-
      sum(rate({errors}[1h])) / sum(rate({total}[1h])) > 0.0144 and sum(rate({errors}[5m])) / sum(rate({total}[5m])) > 0.0144
"""


def outage(binary, directory, scrape, evaluation):
    """Seconds from a total outage of a busy service to the first page: ours, and that of rates over raw series in the same file."""
    with open(f"{directory}/plimsoll.yaml", "w") as file:
        file.write(
            f"prometheus:\n- {{name: default, url: 'http://127.0.0.1:9', scrapeInterval: {scrape}s, "
            f"rules: {{interval: {evaluation}s, output: Directory, directory: {{path: /tmp, reloadURL: 'http://127.0.0.1:9/-/reload'}}}}}}\n"
        )
    rules = render(binary, directory, ["a"], "--config", f"{directory}/plimsoll.yaml")
    errors, total = selectors("a")
    with open(f"{directory}/rules.yaml", "w") as file:
        file.write(rules + RAW.format(errors=errors, total=total))
    before, after, events = 3600 // scrape, 900 // scrape, 100 * scrape
    end = 3600 + 900 - scrape
    series = {
        'requests_total{job="a",instance="i",code="200"}': f"0+{events}x{before} {events * before}x{after}",
        'requests_total{job="a",instance="i",code="500"}': f"0x{before} {events}+{events}x{after}",
    }
    alerts = {"ours": 'ALERTS{alertname="PlimsollErrorBudgetBurn",alertstate="firing",plimsoll_tier="fast"}', "raw": 'ALERTS{alertname="Raw",alertstate="firing"}'}
    test = {
        "rule_files": ["rules.yaml"], "evaluation_interval": f"{evaluation}s",
        "tests": [
            {
                "interval": f"{scrape}s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                # What is expected is wrong, so that promtool says what it got.
                "promql_expr_test": [
                    {"expr": f"sum(count_over_time({alert}[1h]))", "eval_time": f"{end}s", "exp_samples": [{"labels": "{}", "value": -1}]}
                    for alert in alerts.values()
                ],
            }
        ],
    }
    with open(f"{directory}/outage.test.yaml", "w") as file:
        json.dump(test, file)
    done = subprocess.run(["promtool", "test", "rules", f"{directory}/outage.test.yaml"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    got = [float(line.rsplit(" ", 1)[1]) for line in done.stdout.splitlines() if line.strip().startswith("got:") and "{" in line]
    if len(got) != len(alerts):
        sys.exit(f"promtool said:\n{done.stdout}")
    # It fires at every evaluation up to the last; the first failures are scraped one scrape after the last success.
    last = end // evaluation * evaluation
    return {name: last - (count - 1) * evaluation - 3600 for name, count in zip(alerts, got)}


def outages(binary, directory):
    for scrape, evaluation in ((15, 15), (15, 30), (30, 30)):
        base = max(60, 4 * scrape)
        found = outage(binary, directory, scrape, evaluation)
        figure(f"outage_paged_after_{scrape}_{evaluation}", found["ours"], "s", f"<={found['raw'] + base / 2 + evaluation:g}")
        peer(f"raw_outage_paged_after_{scrape}_{evaluation}", found["raw"], "s")
        ROWS.append(("outage", scrape, evaluation, found["ours"], found["raw"]))


def alerts_of(text):
    """(SLO, tier, expr) of each alerting rule."""
    found, group, block = [], "", None
    for line in text.splitlines() + ["- end"]:
        if line.startswith(("- ", "  - ")):
            if block:
                tier = next(one.strip().removeprefix("plimsoll_tier: ") for one in block if one.strip().startswith("plimsoll_tier: "))
                at = next(n for n, one in enumerate(block) if one.startswith("    expr: |"))
                expr = [one for one in block[at + 1 :]]
                expr = expr[: next(n for n, one in enumerate(expr) if not one.startswith("      "))]
                found.append((group.split("/")[3], tier, " ".join(one.strip() for one in expr)))
            block = [line] if line.startswith("  - alert:") else None
            if line.startswith("- name: "):
                group = line.removeprefix("- name: ")
        elif block:
            block.append(line)
    return found


def firing(server, expr, start, end, step=30):
    """Stretches of evaluations at which an expression has a value: (first, last), in seconds."""
    times = set()
    at = start
    while at <= end:
        last = min(end, at + 10_000 * step)
        parameters = urllib.parse.urlencode({"query": expr, "start": at, "end": last, "step": step})
        with urllib.request.urlopen(f"{server.url}/api/v1/query_range?{parameters}", timeout=300) as answer:
            for series in json.load(answer)["data"]["result"]:
                times.update(int(float(point[0])) for point in series["values"])
        at = last + step
    found = []
    for time_ in sorted(times):
        if found and time_ - found[-1][1] == step:
            found[-1][1] = time_
        else:
            found.append([time_, time_])
    return found


def phase(server, slo, end, step=30):
    """When within its interval the group that holds the alerts has its turn."""
    parameters = urllib.parse.urlencode({"query": f'timestamp(plimsoll:sli:events_1h{{plimsoll_slo="{slo}",plimsoll_sli="total"}})', "time": end})
    with urllib.request.urlopen(f"{server.url}/api/v1/query?{parameters}", timeout=60) as answer:
        return int(float(json.load(answer)["data"]["result"][0]["value"][1])) % step


INTERVALS = {"fast": 30, "medium": 120, "slow": 300, "very-slow": 300}


def replay(binary, directory, text, truth):
    """`plimsoll backtest` beside the rules' own alerts over the same days: each to within an evaluation of the slowest group that it reads."""
    with history.Prometheus(directory, "5m") as server:
        done = subprocess.run(
            [binary, "backtest", f"{directory}/slos.yaml", "--prometheus", server.url, "--days", "30", "--json"],
            check=True, stdout=subprocess.PIPE, text=True,
        )
        replayed, real = {}, {}
        for report in json.loads(done.stdout):
            for alert in report["alerts"]:
                start, end = (int(datetime.datetime.fromisoformat(alert[k].replace("Z", "+00:00")).timestamp()) for k in ("start", "end"))
                # The history ends before the present, up to which the backtest looks.
                if start <= truth["end"]:
                    replayed.setdefault((report["name"], alert["tier"]), []).append([start, min(end, truth["end"])])
        for slo, tier, expr in alerts_of(text):
            real[slo, tier] = firing(server, expr, truth["start"] + phase(server, slo, truth["end"]), truth["end"])
    count = apart = 0
    for key in sorted(set(real) | set(replayed)):
        tolerance = INTERVALS[key[1]]
        # Two stretches less than the tolerance apart may be one on the other side.
        mine, theirs = (joined(side.get(key, []), tolerance) for side in (replayed, real))
        count += len(theirs)
        for stretch in theirs:
            if not any(abs(stretch[0] - other[0]) <= tolerance and abs(stretch[1] - other[1]) <= tolerance for other in mine):
                apart += 1
                print(f"only by the rules: {key} {stretch}", flush=True)
        for stretch in mine:
            if not any(abs(stretch[0] - other[0]) <= tolerance and abs(stretch[1] - other[1]) <= tolerance for other in theirs):
                apart += 1
                print(f"only by the backtest: {key} {stretch}", flush=True)
    print(f"backtest: {count} alerts of the rules in 30 days", flush=True)
    figure("backtest_alerts_that_differ", apart, "alerts", "<=0")
    figure("backtest_alerts_compared", count, "alerts", ">=10")


def thousand(binary, directory):
    """Rules of 1,000 SLOs of 20 services, in both layouts."""
    slos = [SLO % (f"slo-{n}", f"service-{n % 20}", "a", "a") for n in range(1000)]
    with open(f"{directory}/thousand.yaml", "w") as file:
        file.write("---\n".join(slos))
    for layout in ("Fleet", "PerSLO"):
        with open(f"{directory}/{layout}.yaml", "w") as file:
            file.write(f"prometheus:\n- {{name: default, url: 'http://127.0.0.1:9', rules: {{layout: {layout}}}}}\n")
        text = subprocess.run(
            [binary, "render", f"{directory}/thousand.yaml", "--config", f"{directory}/{layout}.yaml"],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout
        count = sum(line.startswith(("  - record:", "  - alert:")) for line in text.splitlines())
        if layout == "Fleet":
            figure("rules_for_1000_slos", count, "rules", "<=2500")
        else:
            print(f"ALSO rules_for_1000_slos_each_its_own {count} rules", flush=True)
    peer("sloth_rules_for_1000_slos", 17_000, "rules")


def joined(stretches, gap):
    found = []
    for start, end in sorted(stretches):
        if found and start - found[-1][1] <= 30 + gap:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary, directory = sys.argv[1:]
    outages(binary, directory)
    since = time.monotonic()
    history.History(30, 100, int(time.time()) // 300 * 300).write(directory)
    history.say("history written", since)
    with open(f"{directory}/truth.json") as file:
        truth = json.load(file)
    text = render(binary, directory, BOUNDS)
    rules = rules_of(text)
    files = dict(levels.split(text))
    # Sloth's period reads its own 5-minute ratio, recorded over all the days: it joins the rules that read raw series.
    files[1] += "- name: sloth\n  interval: 30s\n  rules:\n" + "".join(
        f"  - record: slo:sli_error:ratio_rate5m\n    expr: {json.dumps(sloth(name, '5m'))}\n    labels: {{sloth_id: {name}}}\n" for name in BOUNDS
    )
    for level, content in files.items():
        with open(f"{directory}/rules-{level}.yaml", "w") as file:
            file.write(content)
    history.backfill(directory)
    accuracy(directory, truth)
    cost(directory, rules)
    replay(binary, directory, text, truth)
    thousand(binary, directory)
    with open(f"{directory}/raw.csv", "w", newline="") as file:
        csv.writer(file).writerows(ROWS)


if __name__ == "__main__":
    main()
