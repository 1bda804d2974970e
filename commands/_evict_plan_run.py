"""`evict plan` at work: read, reckon, print."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.errors import Exit, Usage
from k8sai.view import Cell

if TYPE_CHECKING:
    from k8sai.evict.plan import Plan
    from k8sai.evict.planning.wish import Wish

_INDENT: Final = " " * 10  # under the words behind WARN and TOTAL


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    options: Options
    wish: "Wish"
    out: Path | None
    output: str


def run(asked: Asked) -> int:
    """Make the plan and show it; the exit code."""
    from k8sai.cluster.connect import connect
    from k8sai.evict.planning.make import make

    connection = connect(asked.options)
    wish = replace(asked.wish, namespace=connection.namespace)
    with _talk.Progress(f"reading {connection.server}"):
        plan = make(connection, wish)
    code = code_of(plan, wish)
    if asked.out is not None:
        _keep(asked.out, plan, wish, connection.context, code)
    if asked.output in ("json", "yaml"):
        from k8sai.evict.shown.plan_document import document

        _print.document(document(plan, wish, context=connection.context, code=code), asked.output)
    else:
        show(plan, wish.price, wide=asked.output == "wide")
    return code


def code_of(plan: "Plan", wish: "Wish") -> Exit:
    """The worst that is to be said of it."""
    words = {one.word for row in plan.gangs for one in row.refusals}
    words |= {one.word for row in plan.pods for one in row.refusals}
    if plan.missing_rights:
        return Exit.FORBIDDEN
    if words - {"no-room"}:
        return Exit.REFUSED
    if any(one.never for one in plan.blockers):
        return Exit.BLOCKED
    if words:
        return Exit.NO_CAPACITY
    if wish.max_loss is not None and plan.planned.best > wish.max_loss:
        return Exit.FINDINGS
    return Exit.OK


def show(plan: "Plan", price: float | None = None, *, wide: bool = False) -> None:
    """On stdout; what could not be read on stderr."""
    from k8sai.evict.shown.plan_table import below, head, page

    _print.folded([Cell(head(plan))])
    shown = page(plan)
    if shown.parts:
        _print.page(shown, wide=wide)
        _print.line()
    _print.folded(below(plan, price), _INDENT)
    _print.flush()
    for gap in shown.notes:
        _talk.note(gap)


def _keep(file: Path, plan: "Plan", wish: "Wish", context: str, code: int) -> None:
    """The document, whatever is printed. Raises Usage where it cannot be written."""
    import json

    from k8sai.evict.shown.plan_document import document

    text = json.dumps(document(plan, wish, context=context, code=code), indent=2) + "\n"
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Usage(f"{file} cannot be written: {error.strerror or error}", "name another file with --out") from error
