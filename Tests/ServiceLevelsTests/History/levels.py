"""Rendered rules, split by what they read."""


def split(text):
    """Splits a rendered rule file into files of one level each, (1, text) to (4, text); a level reads only what those before it recorded."""
    groups, rules, head = [], [], []
    for line in text.splitlines():
        if line.startswith("- name: "):
            head, rules = [line], []
            groups.append((head, rules))
        elif line.startswith("  - "):
            rules.append([line])
        elif rules:
            rules[-1].append(line)
        elif head:
            head.append(line)

    def level(rule):
        name = rule[0].removeprefix("  - record: ")
        if rule[0].startswith("  - alert:"):
            return 0
        if name == "plimsoll:sli:events":
            return 1 if "      plimsoll_sli: total" in rule else 2
        return 3 if name == "plimsoll:sli:events_5m_slow" else 4

    for wanted in (1, 2, 3, 4):
        lines = ["groups:"]
        for head, rules in groups:
            chosen = [rule for rule in rules if level(rule) == wanted]
            if chosen:
                lines += head + [line for rule in chosen for line in rule]
        yield wanted, "\n".join(lines) + "\n"
