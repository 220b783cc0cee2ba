"""Each of the values listed in the file must be refused by the chart, with the words listed. refused.py CHART FILE"""

import sys

import helm_python as helm
import yaml


def main(path, listing):
    with open(listing, encoding="utf-8") as file:
        cases = yaml.safe_load(file)
    problems = 0
    with helm.Chart.load(path) as chart:
        chart.render({}, name="plimsoll", namespace="plimsoll-system")
        for case in cases:
            try:
                chart.render(case["values"], name="plimsoll", namespace="plimsoll-system")
                said = None
            except helm.HelmError as error:
                said = f"{error} {getattr(error, 'detail', '')}"
            if said is None or case["says"] not in said:
                problems += 1
                print(f"{case['values']}: expected a refusal that says '{case['says']}', got {said or 'no refusal'}")
    print(f"{len(cases) - problems} of {len(cases)} bad values refused")
    return 1 if problems else 0


sys.exit(main(*sys.argv[1:]))
