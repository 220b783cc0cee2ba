"""The generated tests of every sample: they pass on its rules, and each slip in a threshold, a window or an `and` makes one fail.

    mutations.py BINARY SAMPLES DIR LAYOUT [CONFIG]

Prints a line for each slip that nobody noticed, and FIGURE lines with LAYOUT in their names. With CONFIG rules are rendered in its layout.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

SUFFIXES = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def milliseconds(text):
    return sum(int(n) * SUFFIXES[unit] for n, unit in re.findall(r"(\d+)(ms|[smhd])", text))


def duration(amount):
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, amount = divmod(amount, SUFFIXES[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def blocks(text):
    """The file in pieces, so that joined they are the file: each rule is one, and each group's beginning."""
    return re.split(r"(?m)^(?=  - |- name: )", text)


def essential(pieces, at):
    """The pieces, and where the alert is then, without the rules that it does not read, for promtool evaluates all at each step."""
    kept = {at}
    while True:
        names = set(re.findall(r"plimsoll:[a-z0-9_:]+", "".join(pieces[n].split("    labels:")[0] for n in kept)))
        records = (re.match(r"  - record: (\S+)\n", piece) for piece in pieces)
        more = {n for n, record in enumerate(records) if record and record[1] in names and record[1] != "plimsoll:sli:events"}
        if more <= kept:
            break
        kept |= more
    chosen = [n for n, piece in enumerate(pieces) if n in kept or not piece.startswith("  - ")]
    return [pieces[n] for n in chosen], chosen.index(at)


def scaled(text, pattern, factor):
    return re.sub(pattern, lambda match: match[1] + f"{float(match[2]) * factor:.12g}" + match[3], text)


def scaled_second(text, pattern, factor):
    first = re.search(pattern, text).end()
    return text[:first] + re.sub(pattern, lambda match: match[1] + f"{float(match[2]) * factor:.12g}" + match[3], text[first:], count=1)


def alert_of(pieces, tier, classes):
    """Which piece is the alert of a tier; of several, that of an SLO's own class."""
    found = [n for n, piece in enumerate(pieces) if f"      plimsoll_tier: {tier}\n" in piece]
    return next(n for n in found if not classes or any(f'plimsoll_alert_class="{one}"' in pieces[n] for one in classes))


def classes_of(facts, base):
    """The alert classes of an SLO in the layout Fleet, by the facts of its shard."""
    values = r'vector\([^)]*\), "plimsoll_alert_class", "(\w+)".*?"plimsoll_namespace", "([^"]*)".*?"plimsoll_slo", "([^"]*)"'
    return {one for one, namespace, slo in re.findall(values, facts) if base.endswith(f"_{namespace}_{slo}")}


def slips(pieces, at, windows):
    """(what was done, the rules with it) for an alert."""
    expr, rest = pieces[at].split("    labels:", 1)

    def with_piece(index, piece):
        return "".join(pieces[:index] + [piece] + pieces[index + 1 :])

    def alert(what, changed):
        if changed == expr:
            sys.exit(f"cannot change {what} in\n{expr}")
        return what, with_piece(at, f"{changed}    labels:{rest}")

    # Each of them by itself.
    ands = list(re.finditer(r"(?m)^( +)and\b", expr))
    if not ands:
        sys.exit(f"no 'and' in\n{expr}")
    for number, found in enumerate(ands, 1):
        yield alert(f"and {number} of {len(ands)} -> or", f"{expr[: found.start()]}{found[1]}or{expr[found.end() :]}")
    # The guard implies what the long window must be above, so that a lower bound there changes nothing.
    factors = (2,) if " sqrt(" in expr or "/ sqrt(" in expr else (2, 0.5)
    rate = r"(> )(\d[\d.]*)(\n)"
    for factor in factors:
        yield alert(f"burn rate x {factor}", scaled(expr, rate, factor))
    for factor in (2, 0.5):
        if "> ignoring" in expr:
            yield alert(f"threshold x {factor}", scaled(expr, r"(> ignoring \(plimsoll_sli\) )(\d[\d.]*)( \*)", factor))
        else:
            # The short window's, where each window has a burn rate of its own.
            yield alert(f"short window's burn rate x {factor}", scaled_second(expr, rate, factor))
    for window in windows:
        index = next(n for n, piece in enumerate(pieces) if piece.startswith(f"  - record: plimsoll:sli:events_{window}\n"))
        for factor in (2, 0.5):
            changed = re.sub(r"\[([0-9a-z]+)\]", lambda match: f"[{duration(int((milliseconds(match[1]) + 1) * factor) - 1)}]", pieces[index])
            yield f"window {window} x {factor}", with_piece(index, changed)


def passes(directory, test):
    return subprocess.run(["promtool", "test", "rules", test], cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def check(directory, number, rules, test, what, text):
    """Whether a slip is noticed, or, with none, whether the tests pass."""
    folder = f"{directory}/{number}"
    os.mkdir(folder)
    try:
        for name in os.listdir(f"{directory}/rendered"):
            if "_Fleet_" in name:
                shutil.copy(f"{directory}/rendered/{name}", folder)
        shutil.copy(f"{directory}/rendered/{rules[0]}", folder)
        with open(f"{folder}/{rules[1]}", "w", encoding="utf-8") as file:
            file.write(text)
        shutil.copy(f"{directory}/rendered/{test}", folder)
        return passes(folder, test) == (what is None), test, what
    finally:
        shutil.rmtree(folder)


def main():
    binary, samples, directory, layout = sys.argv[1:5]
    config = ["--config", sys.argv[5]] if len(sys.argv) > 5 else []
    rendered = f"{directory}/rendered"
    subprocess.run([binary, "render", samples, "--tests", "-o", rendered, *config], check=True)
    work = []
    tests = sorted(name for name in os.listdir(rendered) if name.endswith(".test.yaml"))
    for test in tests:
        # Of a composite one tests what its base rules make of the members.
        base, tier = re.fullmatch(r"(.*?)\.(worst\.member|[a-z0-9-]+)\.test\.yaml", test).groups()
        own = f"{base}.yaml"
        with open(f"{rendered}/{test}", encoding="utf-8") as file:
            used = file.read()
        shared = re.findall(r"(\S*_Fleet_\S*_sums\.yaml)", used)
        facts = ""
        for name in re.findall(r"(\S*_Fleet_\S*_facts-\d+\.yaml)", used):
            with open(f"{rendered}/{name}", encoding="utf-8") as file:
                facts += file.read()
        changed = shared[0] if shared else own
        with open(f"{rendered}/{changed}", encoding="utf-8") as file:
            text = file.read()
        work.append(((own, changed), test, None, text))
        if tier == "worst.member":
            continue
        pieces = blocks(text)
        at = alert_of(pieces, tier, classes_of(facts, base))
        windows = list(dict.fromkeys(re.findall(r"plimsoll:sli:events_(\d+[smhd](?:\d+[smhd])*)\{", pieces[at].split("    labels:")[0])))
        pieces, at = essential(pieces, at)
        # Without a slip what is left passes, too.
        work.append(((own, changed), test, None, "".join(pieces)))
        work += [((own, changed), test, what, mutated) for what, mutated in slips(pieces, at, windows)]
    failed = unnoticed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, directory, number, *one) for number, one in enumerate(work)]
        for done in concurrent.futures.as_completed(jobs):
            good, test, what = done.result()
            if not good:
                print(f"{test}: {'fails' if what is None else what + ' goes unnoticed'}", flush=True)
                failed += what is None
                unnoticed += what is not None
    print(f"FIGURE generated_tests_{layout} {len(tests)} files >=1 {'ok' if tests else 'short'}")
    print(f"FIGURE generated_tests_that_fail_{layout} {failed} files <=0 {'ok' if not failed else 'short'}")
    print(f"FIGURE slips_tried_{layout} {sum(one[2] is not None for one in work)} slips >=1 ok")
    print(f"FIGURE slips_unnoticed_{layout} {unnoticed} slips <=0 {'ok' if not unnoticed else 'short'}", flush=True)


main()
