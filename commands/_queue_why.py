"""`queue why`: why a workload, job or pod waits in its queue, with the numbers, and what would mend it."""

from typing import TYPE_CHECKING, Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._why_flags import Output, Plain
from k8sai.errors import Exit, Forbidden

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Reading
    from k8sai.queues.positions import Positions
    from k8sai.queues.setting import Setting
    from k8sai.queues.why.look import Look
    from k8sai.queues.why.result import Why
    from k8sai.queues.why.subject import Asked


def why(
    options: Options,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="WORKLOAD | KIND NAME | KIND/NAME",
            help="What is asked about; a plain name: a pod, a job, what stands above jobs, or a Workload.",
        ),
    ],
    *,
    output: Output = "table",
    recording: _flags.Recording = None,
    plain: Plain = False,
) -> int:
    """Why a workload, a job or a pod waits in its queue, with the numbers, and what would mend it.

    It is computed from quota, never taken from Kueue's message, which may be old; where the two differ, both are said.
    Every fix has been tried on paper before it is named. A pod speaks for the job that owns it.

    \b
    Exit codes:
      0   it is admitted, runs, has finished, or fits now
      1   its owner must do something: deactivated, no queue, no such LocalQueue, a LimitRange, requests above limits
      4   there is no such object, or no Kueue
      10  it waits and will fit: quota short now, its turn, a check, a backoff, its pods
      11  an admin must do something: never fits, no flavor, a resource not covered, a stopped or inactive queue
      13  nothing that can be seen explains it
      14  what may not be read could change the answer
      16  the object itself may not be read

    \b
    Examples:
      k8sai queue why job/llama-sft -n ml
      k8sai queue why workload/job-llama-sft-3f2a1
      k8sai queue why llama-sft-0-x7k2p          a pod: the same as its job
      k8sai queue why job/llama-sft -o json | jq '.blockers[0]'
    """
    from dataclasses import replace

    from k8sai.cluster.reading import Reading
    from k8sai.commands import _print
    from k8sai.commands._queue_read import read
    from k8sai.queues.why.answer import explain
    from k8sai.queues.why.document import document
    from k8sai.queues.why.look import Look

    setting, objects, namespace = read(options, recording)
    reading = Reading(objects)
    look = Look(setting, reading, _asked(setting, reading, tuple(names), namespace))
    positions = _positions(objects, setting, look)
    answer = explain(look, positions.of(look.workload) if positions and look.workload is not None else None)
    if positions:
        gaps = {gap.what: gap for gap in (*answer.hidden, *positions.unseen)}
        answer = replace(answer, hidden=tuple(gaps.values()))
    if output in ("json", "yaml"):
        _print.document(document(answer, context=objects.context), output)
    elif output == "name":
        _print.line(answer.code)
    else:
        _show(answer, plain=plain)
    _print.flush()
    _notes(answer)
    return int(answer.exit)


def _asked(setting: "Setting", reading: "Reading", names: tuple[str, ...], namespace: str) -> "Asked":
    """A job that may not be read is known by its Workload. Raises NotFound with a near name; Usage, Forbidden,
    ClusterError.
    """
    from k8sai.queues.why.subject import known_by_workload
    from k8sai.why.kinds import WORKLOAD, asked
    from k8sai.why.queueing import asked_of
    from k8sai.why.subject import find

    kind, name = asked(names)
    try:
        found = find(reading, kind, namespace, name, "queue why")
    except Forbidden:
        known = known_by_workload(setting, namespace, kind.kind if kind else "", name)
        if known is None:
            raise
        return known
    itself = kind is WORKLOAD or found.it.kind is WORKLOAD or found.it.name != name
    return asked_of(found, name if itself else "")


def _positions(objects: "Objects", setting: "Setting", look: "Look") -> "Positions | None":
    """Only of the line it stands in; None where it stands in none."""
    from k8sai.commands._queue_read import ask
    from k8sai.queues.positions import read

    if not look.waits or not look.queue_title:
        return None
    return read(ask(objects), setting, [look.queue_title])


def _show(answer: "Why", *, plain: bool) -> None:
    from dataclasses import replace

    from k8sai.commands import _print, _talk
    from k8sai.queues.why.page import lines
    from k8sai.view import Cell

    spoken = replace(answer, next=_talk.speak(f"`{answer.next}`").strip("`"))
    told = lines(spoken, None if plain else _print.width(), plain=plain)
    _print.block(Cell(cell.text, "plain" if plain else cell.tone) for cell in told)


def _notes(answer: "Why") -> None:
    from k8sai.commands._queue_notes import aside, gaps, say
    from k8sai.view import Note

    open_ended = answer.exit in (Exit.PARTIAL, Exit.INCONCLUSIVE)
    say((gaps if open_ended else aside)(answer.hidden))
    if answer.exit == Exit.PARTIAL:
        say([Note("what could not be read could change the answer", "warn")])
