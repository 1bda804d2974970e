"""Nodes in groups: every node is in one line, and those that are far away are said in half a sentence."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from k8sai.view import several
from k8sai.why.case import be, have, listed
from k8sai.why.survey import HARDNESS, Finding, Kind, Seen, Survey, names


def rest(found: Survey) -> str:
    """The nodes that are further away, by what keeps them there; those without such devices, or that it does not
    select, go without saying."""
    counted: Counter[str] = Counter()
    for one in found.others():
        hardest = max(one.findings, key=lambda f: HARDNESS[f.kind])
        if hardest.kind in ("absent", "selector"):
            continue
        counted[_kept(hardest)] += 1
    said = [
        words.format(
            n=several(count, "more node") if at == 0 else str(count),
            has=have(count),
            is_=be(count),
            does="does" if count == 1 else "do",
        )
        for at, (words, count) in enumerate(counted.most_common(3))
    ]
    return f"; {listed(said)}" if said else ""


def _kept(finding: Finding) -> str:
    match finding.kind:
        case "cordoned":
            return "{n} {is_} cordoned"
        case "notReady":
            return "{n} {is_} not ready"
        case "taint":
            return f"{{n}} {{has}} the taint {finding.detail}"
        case "affinity":
            return "{n} {does} not run the pods it wants beside it"
        case "volume" | "claimElsewhere":
            return "{n} cannot reach its " + ("volume" if finding.kind == "volume" else "claim's devices")
        case "never":
            return f"{{n}} {{is_}} too small in {finding.detail}"
    return "{n} {is_} out of the question"


def groups(found: Survey) -> Iterator[str]:
    """Every node is in one line, by all it has against the pod."""
    grouped: dict[tuple[Finding, ...], list[Seen]] = {}
    for one in found.seen:
        grouped.setdefault(tuple(sorted(set(one.findings), key=lambda f: (f.kind, f.detail))), []).append(one)
    ranked = sorted(grouped.items(), key=lambda g: (g[1][0].hardness, -len(g[1])))
    for findings, members in ranked[:6]:
        what = ", ".join(f"{_WORDS[f.kind]} {f.detail}".strip() for f in findings)
        yield f"{several(len(members), 'node')} ({listed(names(members))}): {what}"
    if len(ranked) > 6:
        yield f"{several(sum(len(m) for _, m in ranked[6:]), 'more node')} for other reasons"


_WORDS: Final[dict[Kind, str]] = {
    "short": "short of",
    "pods": "as many pods as it may run",
    "port": "host port taken",
    "antiAffinity": "pods it must not run beside",
    "spread": "spread constraint",
    "devices": "claimed devices not free",
    "cordoned": "cordoned",
    "notReady": "not ready",
    "taint": "taint",
    "selector": "without",
    "affinity": "without the pods it wants beside it",
    "volume": "volume:",
    "claimElsewhere": "claim's devices are elsewhere",
    "other": "",
    "never": "too small in",
    "absent": "has no",
}
