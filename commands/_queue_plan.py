"""Writes on queues and jobs as the plan that `apply` shows too: checked for rights, shown, tried, told."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from k8sai.ages import human
from k8sai.cluster.writing import Target, Writer
from k8sai.commands import _print, _talk
from k8sai.deploy.fields import differences
from k8sai.deploy.plan import Change as Planned
from k8sai.deploy.plan import Plan
from k8sai.errors import Forbidden, Refused
from k8sai.view import Cell, Column, Page, Row, Table

if TYPE_CHECKING:
    from k8sai.queues.acting.steps import Change
    from k8sai.queues.acting.stopping_cost import Cost

DRY = {"client": " (dry run)", "server": " (server dry run)", "none": ""}


def plan_of(changes: "Iterable[Change]", manager: str, untried: Mapping[int, str] | None = None) -> Plan:
    """The fields of each with who owns them now; `untried` is why the server was not asked about one, by its number."""
    made = []
    for number, change in enumerate(changes):
        fields = () if change.idle else differences(change.live, change.result, manager)
        made.append(
            Planned(
                "update" if fields else "unchanged",
                change.target,
                change.patch,
                change.live,
                change.result,
                fields,
                untried=(untried or {}).get(number, ""),
            )
        )
    return Plan(tuple(made))


def named(change: "Change", asked: Target) -> str:
    """As kubectl names it; beside what was asked for with its namespace, for several can be called the same."""
    target = change.target
    where = f" in namespace {target.namespace}" if target != asked and target.namespace else ""
    return f"{target.ref}{where}"


def insist_on_rights(writer: Writer, changes: "Iterable[Change]") -> None:
    """Before anything is written, for a write that stops half way helps nobody. Raises Forbidden."""
    for target in dict.fromkeys(change.target for change in changes if not change.idle):
        resource, namespace = target.resource, target.namespace
        if not writer.may("patch", resource, namespace) and not writer.may("patch", resource, namespace, target.name):
            where = f" in namespace {namespace}" if namespace else ""
            raise Forbidden(
                f"you may not patch {target.plural}{where}: nothing was written",
                "ask an admin for it; this tells when it is granted: "
                f"`{writer.can_i('patch', target.plural, namespace)}`",
            )


def try_out(writer: Writer, changes: "Sequence[Change]") -> tuple[str, ...]:
    """The server's warnings. Raises what it refuses with."""
    from k8sai.queues.acting.steps import write

    return tuple(text for one in changes if not one.idle for text in write(writer, one, dry_run=True).warnings)


def document(plan: Plan, context: str, dry_run: str, more: Mapping[str, Any], done: bool) -> dict[str, Any]:
    """The `Plan` document; `more` is what belongs to the verb."""
    from k8sai.ages import stamp
    from k8sai.deploy import document as documents
    from k8sai.deploy.applying import Outcome

    states = {"update": "written", "unchanged": "unchanged"}
    outcomes = [Outcome(one, states[one.op]) for one in plan.changes] if done else None  # type: ignore[arg-type]
    made = documents.document(plan, context=context, at=stamp(time.time()), dry_run=dry_run, outcomes=outcomes)
    return {**made, **more}


def show(plan: Plan) -> None:
    """Field by field, on stdout: what a dry run is asked for."""
    from k8sai.deploy import shown

    _print.block(shown.diff(plan))


def costs_table(costs: "Iterable[Cost]") -> Page:
    """Who loses quota, and what that costs."""
    rows = tuple(
        Row(
            one.workload.ref,
            (
                Cell(f"{one.workload.namespace}/{one.workload.title}"),
                Cell(one.workload.queue),
                Cell(str(one.gpus)),
                Cell(human(one.ran)),
                Cell(f"{one.gpu_hours:.1f}", "bad" if one.gpu_hours >= 1 else "plain"),
                Cell(one.hint, "warn" if one.hint == "none known" else "plain"),
            ),
        )
        for one in costs
    )
    columns = (
        Column("JOB"),
        Column("QUEUE"),
        Column("GPUS", "right"),
        Column("RAN", "right"),
        Column("GPU-HOURS LOST", "right"),
        Column("CHECKPOINT", shrink=True),
    )
    return Page((Table(columns, rows),))


def costs_document(costs: "Iterable[Cost]") -> list[dict[str, Any]]:
    """The same for scripts; times in seconds."""
    return [
        {
            "workload": one.workload.ref,
            "object": one.workload.title,
            "queue": one.workload.queue,
            "gpus": one.gpus,
            "ran": round(one.ran),
            "lost": round(one.lost),
            "lostGpuHours": round(one.gpu_hours, 3),
            "checkpoint": one.hint,
            "final": one.final,
        }
        for one in costs
    ]


def insist_on_a_yes(yes: bool, what: str, question: str, show_hint: str) -> None:
    """Raises Refused where nobody says yes."""
    if yes:
        return
    if not _talk.asked_by_a_person():
        raise Refused(f"this would {what}, and nobody can be asked: nothing was written", f"-y says yes, {show_hint}")
    if not _talk.ask(question):
        raise Refused("nothing was written")
