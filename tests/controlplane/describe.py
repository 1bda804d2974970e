"""What `kubectl describe node` says about resources: the figures that operators believe."""

import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"^(\S[^:]*):(.*)$")


@dataclass(slots=True)
class Described:
    """One node; amounts as whole numbers by resource. cpu, memory and storage are left out: they carry units."""

    capacity: dict[str, int] = field(default_factory=dict)
    allocatable: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)


def described(text: str) -> dict[str, Described]:
    """The nodes of `kubectl describe nodes` by name."""
    nodes: dict[str, Described] = {}
    section, node = "", Described()
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            section = heading[1]
            if section == "Name":
                node = nodes[heading[2].strip()] = Described()
            continue
        words = line.split()
        if section in ("Capacity", "Allocatable") and len(words) == 2:
            _note(node.capacity if section == "Capacity" else node.allocatable, words[0].rstrip(":"), words[1])
        elif section == "Allocated resources" and len(words) == 3:
            _note(node.requests, words[0], words[1])
    return nodes


def _note(amounts: dict[str, int], resource: str, amount: str) -> None:
    """An extended resource has a domain, and whole amounts."""
    if "/" in resource:
        amounts[resource] = int(amount)
