"""Runs Argo CD's health script of SLOs, in real Lua, over objects as the API server gave them. The expected health stands in front of each file's name.

    health.py ARGOCD_CM LUA... -- Healthy-x.json Degraded-y.json ..."""

import json
import pathlib
import subprocess
import sys

import yaml

KEY = "resource.customizations.health.plimsoll.dev_SLO"
# Argo CD gives the object as the global `obj`, takes the returned table, and opens no libraries but the base, table and string.
RUN = """
io, os, package, require, debug = nil, nil, nil, nil, nil
obj = {object}
local health = (function()
{script}
end)()
print(health.status)
print(health.message)
"""
STATES = ("Healthy", "Progressing", "Degraded", "Suspended")


def literal(value):
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03d}" if byte < 32 or byte in b'"\\' or byte > 126 else chr(byte) for byte in value.encode()) + '"'
    if isinstance(value, list):
        return "{" + ",".join(map(literal, value)) + "}"
    return "{" + ",".join(f"[{literal(k)}]={literal(v)}" for k, v in value.items() if v is not None) + "}"


def main(arguments):
    cut = arguments.index("--")
    settings, interpreters, files = arguments[0], arguments[1:cut], arguments[cut + 1 :]
    with open(settings, encoding="utf-8") as file:
        script = yaml.safe_load(file)["data"][KEY]
    problems = 0
    for name in files:
        expected = pathlib.Path(name).name.split("-")[0]
        if expected not in STATES:
            raise SystemExit(f"{name}: its name must begin with one of {', '.join(STATES)}")
        obj = json.loads(pathlib.Path(name).read_text(encoding="utf-8"))
        program = RUN.replace("{object}", literal(obj)).replace("{script}", script)
        for interpreter in interpreters:
            result = subprocess.run([interpreter, "-"], input=program, capture_output=True, text=True)
            health, _, message = result.stdout.partition("\n")
            if result.returncode or health != expected or not message.strip():
                problems += 1
                print(f"{interpreter}: {name}: expected {expected} and a message, got {health or 'nothing'}: {message.strip()} {result.stderr.strip()}")
    print(f"{len(files)} objects judged by {', '.join(interpreters)}, {problems} wrong")
    return 1 if problems or not files else 0


sys.exit(main(sys.argv[1:]))
