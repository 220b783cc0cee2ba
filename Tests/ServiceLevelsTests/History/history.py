"""A synthetic history of 30 days, as a Prometheus that scrapes every 30 s would have seen it.

    history.py make DIR [--days N] [--series N] [--now]   writes DIR/history-*.om (OpenMetrics, one file a block) and DIR/truth.json
    history.py backfill DIR                         DIR/rules-1.yaml, DIR/rules-2.yaml, ... each a level; fills DIR/data
    history.py ask DIR                              DIR/queries.txt, one a line; writes DIR/answers.txt, one JSON answer a line, as of the history's end

Three services: `a` of 6 series; `b` of many (10 of them errors); `c` of 50 requests an hour from 3 pods that get new names every day. Traffic of a and
b swings 100:1 between day and night; there are 25 incidents, counters that restart from zero, error series that are absent until the first error, and
two hours without a scrape. Seeded: the same every time. The truth is what the scrapes saw: every increase between two scrapes of a series, the whole
value after a restart, and the whole first value of a series; not what happened in the gap, nor what counters held when the history began. With --now the history ends now, and DIR/last.prom is what the targets would show next.

Only the standard library, promtool and prometheus are needed.
"""

import json
import math
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SEED = 20261121
SCRAPE = 30
BLOCK = 54 * 3600  # promtool reads a whole input file for every block, so there is one file a block
END = 9200 * BLOCK  # 2026-09-04, on the edge of a block
GAP = (13.4, 2 / 24)  # day, length in days


class Target:
    """One scraped process: its counters, and when it is there."""

    def __init__(self, rng, service, instance, series, born, gone):
        self.service, self.instance, self.series, self.born, self.gone = service, instance, series, born, gone
        self.phase = rng.randrange(1, SCRAPE * 1000) / 1000
        self.values = [None] * len(series)
        self.restarts = []

    def names(self):
        return [f'requests_total{{job="{self.service}",instance="{self.instance}",code="{code}"}} ' for code, _ in self.series]


class History:
    def __init__(self, days, b_series, end):
        self.rng = random.Random(SEED)
        self.start, self.end = end - days * 86400, end
        self.gap = (self.start + GAP[0] * 86400, self.start + (GAP[0] + GAP[1]) * 86400) if days > 14 else (0, 0)
        self.truth = {s: {"total": 0, "errors": 0} for s in "abc"}
        self.incidents = {s: self.plan_incidents() for s in "ab"}
        self.targets = self.plan_targets(days, b_series)

    def plan_incidents(self):
        return sorted(
            (self.rng.uniform(self.start + 3600, self.end - 7200), self.rng.uniform(120, 3600), self.rng.choice((0.02, 0.1, 0.3, 1.0)))
            for _ in range(25)
        )

    def plan_targets(self, days, b_series):
        rng, targets = self.rng, []

        def make(service, instance, good, bad, born, gone, restarts):
            target = Target(rng, service, instance, [(c, False) for c in good] + [(c, True) for c in bad], born, gone)
            target.restarts = sorted(rng.uniform(born, gone) for _ in range(restarts))
            targets.append(target)

        for n in range(2):
            make("a", f"a-{n}:80", ["200", "404"], ["500"], self.start - 1, self.end, 4)
        per_target = b_series // 10
        for n in range(10):
            make("b", f"b-{n}:80", [f"2{k:02}" for k in range(per_target - 1)], ["503"], self.start - 1, self.end, 2)
        for day in range(days):
            for n in range(3):
                born = self.start + day * 86400 - (1 if day == 0 else 0)
                make("c", f"c-{day}-{n}:80", ["200"], ["500"], born, self.start + (day + 1) * 86400, 0)
        return targets

    def swing(self, t):
        """1 in the middle of a day of the history, 0.01 at its edges: by the history's own days, so that it is the same whenever it is made."""
        return math.exp(math.log(100) * (math.cos(2 * math.pi * ((t - self.end) / 86400 - 0.5)) - 1) / 2)

    def rates(self, target, t):
        """Requests a second and the share of errors of one target."""
        if target.service == "c":
            return 50 / 3600 / 3, 0.0055
        share = 0.0002
        for begin, length, errors in self.incidents[target.service]:
            if begin <= t < begin + length:
                share = errors
        return (25 if target.service == "a" else 20) * self.swing(t), share

    def count(self, mean):
        """Poisson, by inversion for few and by the normal curve for many."""
        if mean > 30:
            return max(0, round(self.rng.gauss(mean, math.sqrt(mean))))
        u, p, k = self.rng.random(), math.exp(-mean), 0
        s = p
        while u > s and k < 1000:
            k += 1
            p *= mean / k
            s += p
        return k

    def write(self, directory):
        blocks = {}
        for target in self.targets:
            self.run(target, blocks, directory)
        for file in blocks.values():
            file.write("# EOF\n")
            file.close()
        with open(f"{directory}/last.prom", "w") as file:
            for target in self.targets:
                if target.gone >= self.end:
                    file.writelines(f"{name}{value}\n" for name, value in zip(target.names(), target.values) if value is not None)
        for name, counts in self.truth.items():
            counts["ratio"] = counts["errors"] / counts["total"]
        with open(f"{directory}/truth.json", "w") as file:
            json.dump({"seed": SEED, "start": self.start, "end": self.end, "services": self.truth}, file, indent=1)

    def run(self, target, blocks, directory):
        names = target.names()
        good = sum(1 for _, bad in target.series if not bad)
        truth, values = self.truth[target.service], target.values
        first_ever = target.born < self.start
        if first_ever and target.service != "c":  # a past that nobody measured
            values[:] = [self.rng.randrange(10**6) if not bad else None for _, bad in target.series]
        scrape = math.ceil((max(target.born, self.start) - target.phase) / SCRAPE) * SCRAPE + target.phase
        restarts, previous, seen = list(target.restarts), scrape - SCRAPE, False
        while scrape < min(target.gone, self.end):
            restarted = bool(restarts) and restarts[0] <= scrape
            if restarted:
                restarts.pop(0)
                values[:] = [None] * len(values)
            measured = seen or not first_ever  # a first scrape of an old target shows its past
            hidden = self.gap[0] <= scrape < self.gap[1]
            after_gap = previous < self.gap[1] <= scrape and self.gap[1] > 0 and previous >= self.gap[0] - SCRAPE
            rate, share = self.rates(target, scrape)
            mean = rate * (scrape - previous)
            lines = []
            for i, (_, bad) in enumerate(target.series):
                events = self.count(mean * share if bad else mean * (1 - share) / good)
                if events == 0 and values[i] is None and bad:
                    continue
                values[i] = (values[i] or 0) + events
                if not hidden and not after_gap and measured:
                    truth["total"] += events
                    truth["errors"] += events if bad else 0
                if not hidden:
                    lines.append(f"{names[i]}{values[i]} {scrape:.3f}\n")
            if not hidden:
                seen = True
                block = int(scrape // BLOCK)
                if block not in blocks:
                    blocks[block] = open(f"{directory}/history-{block}.om", "w")
                blocks[block].writelines(lines)
            previous = scrape
            scrape += SCRAPE


class Prometheus:
    """A real server on what was backfilled so far. Blocks are read when it starts."""

    def __init__(self, directory, lookback, config="global: {scrape_interval: 30s}\n"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        with open(f"{directory}/prometheus.yml", "w") as file:
            file.write(config)
        self.log = open(f"{directory}/prometheus.log", "a")
        self.process = subprocess.Popen(
            [
                os.environ.get("PROMETHEUS", "prometheus"), f"--config.file={directory}/prometheus.yml",
                f"--storage.tsdb.path={directory}/data", "--storage.tsdb.retention.time=100y", "--storage.tsdb.min-block-duration=2h",
                "--storage.tsdb.max-block-duration=54h", f"--web.listen-address=127.0.0.1:{self.port}", f"--query.lookback-delta={lookback}",
                "--web.enable-lifecycle",
            ],
            stdout=self.log, stderr=self.log,
        )

    def __enter__(self):
        for _ in range(600):
            try:
                with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as answer:
                    if answer.status == 200:
                        return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__()
        sys.exit(f"prometheus did not get ready; see {self.log.name}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def promtool(*arguments):
    done = subprocess.run([os.environ.get("PROMTOOL", "promtool"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"promtool {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def say(text, since):
    print(f"{time.monotonic() - since:6.1f} s  {text}", file=sys.stderr, flush=True)


def backfill(directory):
    since = time.monotonic()
    with open(f"{directory}/truth.json") as file:
        truth = json.load(file)
    data = f"{directory}/data"
    shutil.rmtree(data, ignore_errors=True)
    for name in sorted(os.listdir(directory)):
        if name.endswith(".om"):
            promtool("tsdb", "create-blocks-from", "--max-block-duration=54h", "-q", "openmetrics", f"{directory}/{name}", data)
    say("samples in blocks", since)
    level = 1
    while os.path.exists(f"{directory}/rules-{level}.yaml"):
        # The text format has no staleness markers, by which a live server knows at the next scrape that a series is gone; a short look-back makes up
        # for it. Levels that read recorded series look back as usual.
        lookback = "1m" if level <= 2 else "5m"
        start = truth["start"] if not os.path.exists(f"{directory}/rules-{level}.end") else truth["end"] - 900
        if BLOCK - start % BLOCK < 900:  # promtool stops at a block in which a group of rules has no turn
            start -= 900
        out = f"{directory}/level-{level}"
        shutil.rmtree(out, ignore_errors=True)
        # When within its interval a group has its turn depends on its name and its file's: of all levels the same, as in a live server.
        file = f"{directory}/level.yaml"
        shutil.copy(f"{directory}/rules-{level}.yaml", file)
        with Prometheus(directory, lookback) as server:
            promtool(
                "tsdb", "create-blocks-from", "--max-block-duration=54h", "rules", f"--url={server.url}", f"--start={start}",
                f"--end={truth['end']}", f"--output-dir={out}", "--eval-interval=30s", file,
            )
        for block in os.listdir(out):
            os.rename(f"{out}/{block}", f"{data}/{block}")
        say(f"level {level} in blocks", since)
        level += 1


def ask(directory):
    with open(f"{directory}/truth.json") as file:
        end = json.load(file)["end"]
    with open(f"{directory}/queries.txt") as file:
        queries = [line.strip() for line in file if line.strip()]
    with Prometheus(directory, "5m") as server, open(f"{directory}/answers.txt", "w") as answers:
        for query in queries:
            parameters = urllib.parse.urlencode({"query": query, "time": end, "stats": "all"})
            try:
                with urllib.request.urlopen(f"{server.url}/api/v1/query?{parameters}", timeout=120) as answer:
                    answers.write(answer.read().decode().strip() + "\n")
            except urllib.error.HTTPError as problem:
                answers.write(problem.read().decode().strip() + "\n")


def option(name, otherwise):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else otherwise


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("make", "backfill", "ask"):
        sys.exit(__doc__)
    command, directory = sys.argv[1:3]
    if command == "make":
        since = time.monotonic()
        os.makedirs(directory, exist_ok=True)
        history = History(option("--days", 30), option("--series", 100), int(time.time()) // SCRAPE * SCRAPE if "--now" in sys.argv else END)
        history.write(directory)
        say("history written", since)
        print(json.dumps(history.truth))
    elif command == "backfill":
        backfill(directory)
    else:
        ask(directory)


if __name__ == "__main__":
    main()
