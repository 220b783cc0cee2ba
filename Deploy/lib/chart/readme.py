"""The commands of the README. Each fenced block of sh or console is preceded by a line that says who runs it:

    <!-- run: NAME -->            the script that asks for NAME, on a real cluster
    <!-- run elsewhere: WHERE -->  somebody else's test, named

    readme.py check README SCRIPT...   fails when a block says neither, when no script has `run_readme NAME`, and when none bears the NAME of such a call
    readme.py show README NAME         prints the commands of the blocks with that name, for a shell"""

import re
import sys

BLOCK = re.compile(r"^(?P<mark>[^\n]*)\n```(?P<language>sh|console|bash|shell)\n(?P<text>.*?)^```$", re.M | re.S)
CALL = re.compile(r"\brun_readme (?P<name>[a-z][a-z-]*)\b")
MARK = re.compile(r"^<!-- run(?P<elsewhere> elsewhere)?: (?P<name>.+) -->$")


def blocks(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for match in BLOCK.finditer(text):
        yield text.count("\n", 0, match.start("text")), MARK.match(match["mark"]), match["language"], match["text"]


def commands(language, text):
    """In a console block only what stands behind the prompt is a command."""
    return text if language != "console" else "".join(line[2:] for line in text.splitlines(True) if line.startswith("$ "))


def called(scripts):
    """The names that scripts run, with the script."""
    names = {}
    for script in scripts:
        with open(script, encoding="utf-8") as file:
            names.update((match["name"], script) for match in CALL.finditer(file.read()))
    return names


def problems(path, found, names):
    for line, mark, _, _ in found:
        if not mark:
            yield f"{path}:{line}: nobody runs these commands; put <!-- run: NAME --> in front"
        elif not mark["elsewhere"] and mark["name"] not in names:
            yield f"{path}:{line}: no script has `run_readme {mark['name']}`"
    here = {mark["name"] for _, mark, _, _ in found if mark and not mark["elsewhere"]}
    for name in sorted(names.keys() - here):
        yield f"{names[name]}: runs '{name}', and no block of {path} has that name"


def main(what, path, *others):
    found = list(blocks(path))
    if what == "check":
        bad = list(problems(path, found, called(others)))
        print("\n".join(bad) if bad else f"{path}: {len(found)} blocks of commands, each is run by somebody")
        return 1 if bad or not found else 0
    [name] = others
    chosen = [commands(language, text) for _, mark, language, text in found if mark and not mark["elsewhere"] and mark["name"] == name]
    print("".join(chosen), end="")
    return 0 if chosen else 1


sys.exit(main(*sys.argv[1:]))
