"""A plan as people read it: a line per object, its fields below, what is taken away red and what comes green."""

from collections.abc import Iterable, Iterator
from typing import Any

from k8sai.ages import epoch, human
from k8sai.deploy.applying import Outcome
from k8sai.deploy.check import Check
from k8sai.deploy.fields import ABSENT, Field, inside, masked
from k8sai.deploy.plan import DONE, Change, Conflict, Op, Plan
from k8sai.view import Cell, Column, Row, Table, Tone
from k8sai.yaml_out import lines

_SIGNS: dict[Op, tuple[str, Tone]] = {
    "create": ("+", "good"),
    "update": ("~", "warn"),
    "unchanged": ("=", "dim"),
    "delete": ("-", "bad"),
    "conflict": ("!", "bad"),
}
TONES: dict[Op, Tone] = {op: tone for op, (_, tone) in _SIGNS.items()}
_INDENT = "    "
_MOST = 12  # differences told of one field


def title(change: Change) -> str:
    """`deployment.apps/qwen in namespace ml`."""
    where = f" in namespace {change.target.namespace}" if change.target.namespace else ""
    return change.target.ref + where


def diff(plan: Plan) -> Iterator[Cell]:
    """Every object that would change, with its fields, line by line."""
    for change in plan.changes:
        if change.op != "unchanged":
            yield from _differing(change)


def _differing(change: Change) -> Iterator[Cell]:
    sign, tone = _SIGNS[change.op]
    yield Cell(f"{sign} {title(change)}", tone)
    if change.op == "create":
        for line in lines(masked(_created(change))):
            yield Cell(f"{_INDENT}+ {line}", "good")
    for field in change.fields if change.op != "create" else ():
        yield from _field(field)
    if change.op == "update" and not change.fields:
        yield Cell(f"{_INDENT}the same values: k8sai becomes an owner of them", "dim")


def _created(change: Change) -> dict[str, Any]:
    """As it was written: what a server adds to a new object is not what a person looks for."""
    return change.body


def _field(field: Field) -> Iterator[Cell]:
    held = f"  ({field.owner})" if field.owner else ""
    if _short(field.before) and _short(field.after):
        yield Cell(f"{_INDENT}~ {field.path}: {_word(field.before)} → {_word(field.after)}{held}", "warn")
        return
    for value, sign, tone in ((field.before, "-", "bad"), (field.after, "+", "good")):
        if value is ABSENT:
            continue
        if _short(value):
            yield Cell(f"{_INDENT}{sign} {field.path}: {_word(value)}{held}", _tone(tone))
        else:
            yield Cell(f"{_INDENT}{sign} {field.path}:{held}", _tone(tone))
            for line in lines(value):
                yield Cell(f"{_INDENT}{sign}   {line}", _tone(tone))
        held = ""


def _tone(word: str) -> Tone:
    return "bad" if word == "bad" else "good"


def _short(value: Any) -> bool:
    return value is not ABSENT and not (isinstance(value, dict | list) and value)


def _word(value: Any) -> str:
    (line,) = lines([value])
    return line.removeprefix("- ")


# --- conflicts --------------------------------------------------------------------------------------------------------


def contested(plan: Plan, now: float) -> Table:
    """The fields that others own and that nobody has decided about. `now` is in seconds since 1970."""
    columns = (
        Column("OBJECT", shrink=True),
        Column("FIELD"),
        Column("YOURS", shrink=True),
        Column("THEIRS", shrink=True),
        Column("OWNER", shrink=True),
        Column("SINCE"),
    )
    rows = [_contested(change, one, now) for change in plan.changes for one in change.open]
    return Table(columns, tuple(rows), "conflicts", named=2)


def _contested(change: Change, one: Conflict, now: float) -> Row:
    cells = (
        Cell(change.target.ref),
        Cell(one.path, "warn"),
        Cell(_brief(one.mine)),
        Cell(_brief(one.theirs)),
        Cell(one.owner.words),
        Cell(since(one, now), "dim"),
    )
    return Row(f"{change.target.ref}:{one.path}", cells)


def contents(plan: Plan) -> Iterator[Cell]:
    """Of contested fields that hold more than one value: which of them differ."""
    for change in plan.changes:
        for one in change.open:
            differ = [*inside(one.theirs, one.mine)] if _tree(one.mine) and _tree(one.theirs) else []
            if differ:
                yield Cell(f"{change.target.ref} {one.path}:", "warn")
            for field in differ[:_MOST]:
                yield Cell(f"{_INDENT}{field.path}: yours {_brief(field.after)}, theirs {_brief(field.before)}")
            if len(differ) > _MOST:
                yield Cell(f"{_INDENT}and {len(differ) - _MOST} more")


def since(one: Conflict, now: float) -> str:
    """`3h ago`, "" where it is not told."""
    try:
        return f"{human(max(0.0, now - epoch(one.owner.since)))} ago"
    except ValueError:
        return ""


def _brief(value: Any) -> str:
    if _tree(value):
        word = "key" if isinstance(value, dict) else "item"
        return f"{len(value)} {word if len(value) == 1 else word + 's'}"
    return "nothing" if value is None or value is ABSENT else _word(value)


def _tree(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


# --- lines ------------------------------------------------------------------------------------------------------------


def done(op: Op, *, dry_run: str = "") -> str:
    """`created (server dry run)`: kubectl's words."""
    return DONE[op] + {"server": " (server dry run)", "client": " (dry run)"}.get(dry_run, "")


def became(outcome: Outcome) -> str:
    """`created`, `unchanged`, `pruned`; a member that somebody else has deleted meanwhile is `gone already`."""
    if outcome.state in ("gone", "unchanged"):
        return {"gone": "gone already"}.get(outcome.state, outcome.state)
    return DONE[outcome.change.op]


def remarks(plan: Plan) -> Iterator[str]:
    """What is worth knowing beside the changes: what the server would drop, what it warned of, what was not asked."""
    for change in plan.changes:
        if change.dropped:
            paths = ", ".join(change.dropped[:3]) + (" …" if len(change.dropped) > 3 else "")
            yield f"{title(change)}: the server leaves out {paths}, without a word: is a feature gate off there?"
    yield from (f"{title(change)}: {text}" for change in plan.changes for text in change.warnings)


def checked(one: Check) -> Cell:
    """`ok    queues      LocalQueue train is active`."""
    tones: dict[str, Tone] = {"ok": "good", "warn": "warn", "fail": "bad"}
    hint = f" ({one.hint.replace('`', '')})" if one.hint and one.level == "warn" else ""
    return Cell(f"{one.level:<5} {one.id:<11} {one.text}{hint}", tones[one.level])


def untried(plan: Plan) -> Iterator[str]:
    """Which changes the server was not asked about, and why; the differences are then only as far as we can tell."""
    reasons: dict[str, list[Change]] = {}
    for change in plan.changes:
        if change.untried:
            reasons.setdefault(change.untried, []).append(change)
    for why, changes in reasons.items():
        names = ", ".join(_few(change.target.ref for change in changes))
        yield f"compared here and not by the server: {names}: {why}"


def _few(names: Iterable[str]) -> list[str]:
    found = list(names)
    return found if len(found) <= 3 else [*found[:2], f"{len(found) - 2} more"]
