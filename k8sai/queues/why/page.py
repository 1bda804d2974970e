"""The answer as lines for people: a label and a text each, folded between words where the terminal ends."""

import re
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import NamedTuple

from k8sai.ages import human
from k8sai.errors import Exit
from k8sai.queues.positions import Position
from k8sai.queues.verdict import EXITS, Option, Spared
from k8sai.queues.why.holders import Held, Holder
from k8sai.queues.why.quota import deciding, plainly
from k8sai.queues.why.result import Why
from k8sai.queues.words import amount, gpu, short
from k8sai.queues.workload import Workload
from k8sai.view import Cell, Tone

_LABEL = 10  # columns
_WIDEST_LABEL = 24
_SOME = 4  # holders of a queue, workloads in a sentence
_REASONS = 6  # why workloads are spared
_ALIKE = (
    (re.compile(r"its priority -?\d+ is (?!not lower|above)"), "its priority is "),
    (re.compile(r"its priority -?\d+ is (not lower|above)"), r"priority \1"),
    (re.compile(r"(ClusterQueue|Cohort) \S+ is within its own quota"), r"its \1 is within its own quota"),
)


class Said(NamedTuple):
    """One labelled text."""

    label: str
    text: str
    tone: Tone = "plain"


def lines(why: Why, width: int | None = None, *, plain: bool = False) -> tuple[Cell, ...]:
    """`width` in columns, None: nothing is folded. `plain`: a sentence per line, without a column of labels."""
    head = f"{why.state} · {why.message}" if why.message else why.state
    said = tuple(_said(why))
    if plain:
        return (Cell(head, tone(why)), *(Cell(f"{one.label}: {one.text}", one.tone) for one in said))
    column = min(_WIDEST_LABEL, max([_LABEL, *(len(one.label) + 2 for one in said)]))
    return (
        *(Cell(text, tone(why)) for text in _folded(head, width, "  ")),
        *(cell for one in _once_labelled(said) for cell in _labelled(one, column, width)),
    )


def tone(why: Why) -> Tone:
    """Of the verdict."""
    tones: dict[Exit, Tone] = {Exit.OK: "good", Exit.BLOCKED: "bad", Exit.FINDINGS: "bad"}
    return tones.get(EXITS[why.code], "warn")


def _once_labelled(said: Iterable[Said]) -> Iterator[Said]:
    """A label stands once above texts that share it."""
    before = ""
    for one in said:
        yield one._replace(label="") if one.label == before else one
        before = one.label


def _labelled(one: Said, column: int, width: int | None) -> Iterator[Cell]:
    label = one.label if len(one.label) <= column - 2 else f"{one.label[: column - 3]}…"
    first = f"{label:<{column}}"
    folded = width if one.label != "next" else None  # a command is pasted whole
    for number, text in enumerate(_folded(one.text, folded - column if folded else None, "")):
        yield Cell(f"{' ' * column if number else first}{text}", one.tone)


def _folded(text: str, width: int | None, indent: str) -> list[str]:
    if width is None:
        return [text]
    found = wrap(text, max(20, width), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return found or [""]


# --- what is said -----------------------------------------------------------------------------------------------------


def _said(why: Why) -> Iterator[Said]:
    yield Said("workload" if why.workload is not None else "object", _who(why))
    yield from _options(why)
    yield from _kueue(why)
    if why.ahead:
        yield Said("ahead", _listed([_waiter(one) for one in why.ahead]))
    yield from (Said("holders", _held(why, one)) for one in why.held)
    yield from _preemption(why)
    for finding in why.blockers[:1]:
        yield from (Said("evidence", text, "dim") for text in finding.evidence if text not in finding.message)
    yield from (Said("also", f"{one.code}: {one.message}", "warn") for one in why.blockers[1:])
    yield from (Said("note", one.message, "dim") for one in why.remarks)
    yield from _fixes(why)
    yield from _history(why)
    yield from _eta(why)
    if why.next:
        yield Said("next", why.next)
    yield Said("exit", str(int(why.exit)), "dim")


def _who(why: Why) -> str:
    workload = why.workload
    if workload is None:
        queue = f"queue {why.namespace}/{why.queue}" if why.queue else "no queue"
        return f"{why.title} in {why.namespace}   {queue}"
    path = " → ".join([f"{workload.namespace}/{workload.queue}", *why.path])
    priority = f"prio {workload.priority}" + (f" ({workload.priority_class})" if workload.priority_class else "")
    parts = [workload.name, f"queue {path}", priority]
    parts += [f"waited {human(why.at - workload.created)}"] if workload.waits and workload.created else []
    parts += [_place(workload, why.position)] if why.position is not None else []
    return "   ".join(parts)


def _place(workload: Workload, position: Position) -> str:
    about = "" if position.exact else "≈"
    of = f" of {position.of_cluster_queue}" if position.of_cluster_queue is not None else ""
    of_own = f" of {position.of_local_queue}" if position.of_local_queue is not None else ""
    own = f"{about}{_ordinal(position.local_queue)}{of_own} in {workload.namespace}/{workload.queue}"
    return f"{about}{_ordinal(position.cluster_queue)}{of} ({own})"


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _options(why: Why) -> Iterator[Said]:
    options = why.judged.options if why.judged is not None else ()
    several = len({option.pod_set for option in options}) > 1
    for option, spelled in zip(options, why.sums, strict=False):
        label = f"{option.pod_set} {option.flavor}" if several else option.flavor
        fits = option.mode in ("fits", "borrows")
        yield Said(label, _option(option, spelled), "good" if fits else "plain")


def _option(option: Option, spelled: str) -> str:
    if option.mode == "refused" or not option.lines:
        return f"NO: {plainly(option) or 'not for these pods'}"
    line = deciding(option)
    assert line is not None, "there are lines"
    asked = [f"{amount(one.share.resource, one.need)} {short(one.share.resource)}" for one in option.lines]
    have, most = amount(line.share.resource, line.have), amount(line.share.resource, line.most)
    of = f" {short(line.share.resource)}" if len(option.lines) > 1 else ""
    figures = f"ask {', '.join(asked)}  avail {have}{of}  max {most}{of}"
    if option.refusal:
        return f"{figures}   NO: {plainly(option)}"
    does = {"fits": "fits", "borrows": f"fits, borrowing at level {option.level}", "preempts": "by preemption"}
    return f"{figures}   {does.get(option.mode, 'NO')}: {spelled}"


def _kueue(why: Why) -> Iterator[Said]:
    quote = why.quoted
    if quote is None or (why.workload is not None and not why.workload.waits and not quote.words):
        return
    if quote.said is None:
        yield Said("kueue", quote.words, "dim")
        return
    said = quote.said
    when = f"{_clock(said.at, why.at)} " if said.at else ""
    agreed = {"agrees": "agrees", "differs": "differs", "silent": ""}[quote.agreement]
    words = ": ".join(filter(None, [agreed, quote.words]))
    reason = f"{said.reason} " if said.reason else ""
    text = f'{when}{reason}"{said.message}"   {words}'.rstrip()
    yield Said("kueue", text, "warn" if quote.agreement == "differs" else "plain")


def _clock(at: float, now: float) -> str:
    from k8sai.ages import stamp

    full = stamp(at)
    return full[11:16] if full[:10] == stamp(now)[:10] else f"{full[:10]} {full[11:16]}"


def _held(why: Why, held: Held) -> str:
    share = next(one.share for one in why.blockers if one.share is not None)
    over = f", {amount(share.resource, held.over)} over its own" if held.over else ""
    shown = [_holder(why, one, share.resource) for one in held.holders[:_SOME]]
    shown += [f"and {len(held.holders) - _SOME} more"] if len(held.holders) > _SOME else []
    names = f": {'  '.join(shown)}" if shown else ""
    return f"{held.queue} {amount(share.resource, held.reserved)} reserved{over}{names}"


def _holder(why: Why, one: Holder, resource: str) -> str:
    workload = one.workload
    since = f"{human(why.at - one.since)}, " if one.since else ""
    return f"{_name(workload)} {amount(resource, one.amount)} ({workload.namespace}, {since}prio {workload.priority})"


def _waiter(workload: Workload) -> str:
    gpus = sum(value for resource, value in workload.asks().items() if gpu(resource))
    return f"{_name(workload)} {gpus} GPU ({workload.namespace}, prio {workload.priority})"


def _name(workload: Workload) -> str:
    return workload.title.partition("/")[2]


def _preemption(why: Why) -> Iterator[Said]:
    if why.judged is None:
        return
    victims = [f"{_name(one.workload)} of {one.queue} ({one.reason})" for one in why.judged.victims]
    if victims:
        yield Said("preempt", _listed(victims))
    if not why.judged.fits:
        yield from (Said("preempt", text) for text in _spared(why.judged.spared))


def _spared(spared: Iterable[Spared]) -> Iterator[str]:
    """Those that are spared for the same reason are named together; reasons that many have are few."""
    groups: dict[str, list[str]] = {}
    for one in spared:
        groups.setdefault(_alike(one.why), []).append(_name(one.workload))
    shown = list(groups.items())
    for reason, names in shown[:_REASONS]:
        yield f"{_listed(names)}: {reason}"
    rest = sum(len(names) for _, names in shown[_REASONS:])
    if rest:
        yield f"{rest} more for other reasons (-o json has them all)"


def _alike(reason: str) -> str:
    """The reason without what differs from one holder to the next."""
    for pattern, words in _ALIKE:
        reason = pattern.sub(words, reason)
    return reason


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(names[:_SOME]) + more


def _fixes(why: Why) -> Iterator[Said]:
    for finding in why.blockers[:1]:
        yield from (Said("fixes", f"{fix.by}: {fix.text}") for fix in finding.fixes)


def _history(why: Why) -> Iterator[Said]:
    found = why.history
    if found is None or not found.evictions:
        return
    yield Said("history", "; ".join(one.text for one in found.evictions))
    if found.thrashes:
        text = f"thrash: admitted and evicted {found.cycles} times within an hour; nobody gets anything done"
        yield Said("history", text, "bad")


def _eta(why: Why) -> Iterator[Said]:
    if why.eta is not None:
        yield Said("eta", f"{why.eta.text} ({why.eta.why}; {why.eta.assumes})")
    elif why.eta_known:
        yield Said("eta", "unknown: nothing bounds how long the holders run", "dim")
