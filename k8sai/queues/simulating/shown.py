"""A simulation as a page: the verdict and its facts in lines, then tables of flavors, victims and the line."""

from collections.abc import Iterable, Iterator, Sequence

from k8sai.ages import human, stamp
from k8sai.queues.setting import WORKLOADS, Setting
from k8sai.queues.simulating.change import Change
from k8sai.queues.simulating.change_words import changed
from k8sai.queues.simulating.freeing import since
from k8sai.queues.simulating.given import usage_of
from k8sai.queues.simulating.play import Step
from k8sai.queues.simulating.simulate import MODEL, Outcome, Simulation
from k8sai.queues.simulating.words import freed, given, gpus, hours, largest, lost_hours, sentence
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Option
from k8sai.queues.words import amount, short
from k8sai.queues.workload import Workload
from k8sai.view import Cell, Column, Row, Table, Tone

_MOST = 8  # workloads in a line of text
_TONES: dict[str, Tone] = {
    "FitsNow": "good",
    "FitsBorrowing": "good",
    "NeedsPreemption": "warn",
    "Waits": "warn",
    "Fragmented": "warn",
}
_SIZED = ("FitsNow", "FitsBorrowing", "NeedsPreemption", "Waits", "Fragmented", "Never")
_WORDS = {"fits": "fits", "borrows": "fits, borrowing", "preempts": "by preemption", "waits": "waits", "never": "never"}


def heading(found: Simulation) -> Cell:
    """What it is, and of when."""
    return Cell(f"model of Kueue {MODEL} at {stamp(found.setting.at)}: one moment, not a reservation", "dim")


def lines(found: Simulation, before: Setting, changes: Iterable[Change]) -> Iterator[Cell]:
    """What is assumed, then each workload's verdict with its facts."""
    for change in changes:
        yield _fact("if", changed(before, change))
    yield from (_fact("if", text) for one in found.outcomes if (text := _of_class(before, one.workload)))
    for outcome in found.outcomes:
        yield Cell(sentence(_at_turn(found, outcome), outcome), _TONES.get(outcome.kind, "bad"))
        yield from (_fact(word, text) for word, text in _facts(found, outcome) if text)


def _of_class(before: Setting, workload: Workload) -> str:
    """What priority it is assumed to have; empty for its own."""
    was = before.workloads.get(workload.ref)
    if was is None or (was.priority, was.priority_class) == (workload.priority, workload.priority_class):
        return ""
    return f"{workload.title}: priority {was.priority} → {workload.priority} ({workload.priority_class})"


def _at_turn(found: Simulation, outcome: Outcome) -> Setting:
    """With those before it in their places: what its judgement counted with."""
    return outcome.at_turn or found.setting


def _fact(word: str, text: str) -> Cell:
    return Cell(f"{word:<9} {text}")


def _facts(found: Simulation, outcome: Outcome) -> Iterator[tuple[str, str]]:
    workload, queue = outcome.workload, outcome.queue
    if queue is not None:
        tree = tree_of(found.setting)
        node = tree.queues.get(queue.name)
        way = [one.name for one in node.path] if node else [queue.name]
        named = f" ({workload.priority_class})" if workload.priority_class else ""
        path = " → ".join([f"{workload.namespace}/{workload.queue}", *way])
        yield "queue", f"{path}   priority {workload.priority}{named}"
    if outcome.refused is not None:
        yield "next", outcome.refused.next
    if outcome.ahead:
        yield "ahead", _ahead(outcome)
    if outcome.freed:
        yield "frees", f"{freed(found.setting, outcome.freed)}: then it fits, {_unless(outcome)}"
    elif outcome.kind == "Waits" and outcome.short and not found.setting.blind(WORKLOADS):
        yield "frees", "nothing that holds quota here would be enough, even if all of it ended"
    if outcome.size is not None and outcome.kind in _SIZED:
        yield "largest", largest(outcome.size)


def _unless(outcome: Outcome) -> str:
    """Those taken after its turn are not counted with: what they take may be what it would have had."""
    if not outcome.behind:
        return "if nobody else arrives"
    return f"unless {_named(outcome.behind)}, taken after it, or who arrives meanwhile has the room"


def _named(steps: Sequence[Step]) -> str:
    shown = [f"{step.workload.namespace}/{step.workload.title} ({gpus(step.workload)} GPU)" for step in steps[:_MOST]]
    return ", ".join(shown) + (f" and {len(steps) - _MOST} more" if len(steps) > _MOST else "")


def _ahead(outcome: Outcome) -> str:
    alone = outcome.alone is not None and outcome.alone.fits and not outcome.fits
    one = len(outcome.ahead) == 1
    come = f"take{'s' if one else ''} the room before it" if alone else f"come{'s' if one else ''} first"
    return f"{_named(outcome.ahead)} {come}"


# --- tables -----------------------------------------------------------------------------------------------------------


def tables(found: Simulation, *, line: bool) -> tuple[Table, ...]:
    """Flavors of every workload; who is evicted; with `line`, or where others come first, who is given quota when."""
    several = len(found.outcomes) > 1
    parts = [_flavors(found.outcomes, several=several), _victims(found)]
    if line or any(one.ahead for one in found.outcomes):
        parts.append(_line(found))
    return tuple(part for part in parts if part.rows)


def _flavors(outcomes: Iterable[Outcome], *, several: bool) -> Table:
    names = ("WORKLOAD",) if several else ()
    columns = (
        *(Column(name, shrink=True) for name in (*names, "POD SET", "FLAVOR", "RESOURCE")),
        *(Column(name, "right") for name in ("ASK", "AVAIL", "MAX")),
        Column("ANSWER"),
    )
    rows = [
        Row(f"{outcome.workload.ref} {number}", (*((Cell(outcome.title),) if several else ()), *cells))
        for outcome in outcomes
        for number, cells in enumerate(_options(outcome))
    ]
    return Table(columns, tuple(rows))


def _options(outcome: Outcome) -> Iterator[tuple[Cell, ...]]:
    for option in outcome.judgement.options if outcome.judgement else ():
        if option.refusal or not option.lines:
            said = option.refusal or option.code or _WORDS.get(option.mode, option.mode)
            yield (
                Cell(option.pod_set),
                Cell(option.flavor),
                Cell(""),
                Cell(""),
                Cell(""),
                Cell(""),
                Cell(f"no: {said}", "bad"),
            )
            continue
        yield from _option(option)


def _option(option: Option) -> Iterator[tuple[Cell, ...]]:
    for line in option.lines:
        resource = line.share.resource
        yield (
            Cell(option.pod_set),
            Cell(option.flavor),
            Cell(short(resource)),
            *(Cell(amount(resource, value)) for value in (line.need, line.have, line.most)),
            Cell(_answer(line.mode, line.deficit, resource), "good" if line.mode in ("fits", "borrows") else "warn"),
        )


def _answer(mode: str, deficit: int, resource: str) -> str:
    word = _WORDS.get(mode, mode)
    return f"{word}: {amount(resource, deficit)} short" if deficit and mode in ("waits", "preempts") else word


def _victims(found: Simulation) -> Table:
    columns = (
        *(Column(name, shrink=True) for name in ("EVICTED", "QUEUE")),
        *(Column(name, "right") for name in ("GPUS", "PRIORITY", "RUNS", "GPU·H")),
        Column("RIGHT"),
    )
    rows = []
    for outcome in found.outcomes:
        for victim in outcome.judgement.victims if outcome.judgement else ():
            one = victim.workload
            runs = human(max(0.0, found.setting.at - since(one)))
            texts = (str(gpus(one)), str(one.priority), runs, hours(lost_hours(found.setting, one)))
            cells = (Cell(f"{one.namespace}/{one.title}"), Cell(victim.queue), *map(Cell, texts), Cell(victim.reason))
            rows.append(Row(one.ref, cells))
    return Table(columns, tuple(rows))


def _line(found: Simulation) -> Table:
    """In the order in which quota is given."""
    ours = {one.workload.ref for one in found.outcomes}
    columns = (
        Column("TURN", "right"),
        *(Column(name, shrink=True) for name in ("WORKLOAD", "QUEUE", "GIVEN")),
        Column(""),
    )
    rows = [
        Row(step.workload.ref, (Cell(str(number)), *_step(step, ours=step.workload.ref in ours)))
        for number, step in enumerate(found.played.steps, 1)
    ]
    return Table(columns, tuple(rows))


def _step(step: Step, *, ours: bool) -> tuple[Cell, ...]:
    evicts = len(step.judgement.victims)
    note = "this one" if ours else ""
    note += f"{', ' if note else ''}evicts {evicts}" if evicts else ""
    return (
        Cell(f"{step.workload.namespace}/{step.workload.title}"),
        Cell(step.queue),
        Cell(given(usage_of(step.workload, step.judgement))),
        Cell(note),
    )
