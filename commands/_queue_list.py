"""`queue list`: the tree of cohorts and queues with what each has, uses and may still take."""

from collections.abc import Iterator
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._queue_shown import kinds, show
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Unseen
    from k8sai.queues.others.lists import Others
    from k8sai.queues.rows import Row
    from k8sai.queues.setting import Setting
    from k8sai.queues.shown.choice import Choice
    from k8sai.view import Note

_MOST = 5  # sentences about one thing
_BARS = 100  # columns of a terminal that shows them

Output = Literal["table", "wide", "json", "yaml", "name"]


def list_(
    options: Options,
    *,
    cohort: Annotated[
        str, typer.Option("--cohort", metavar="NAME", help="Only this cohort and what is below it.")
    ] = "",
    resource: Annotated[
        str,
        typer.Option(
            "--resource",
            metavar="NAME",
            help="gpu, cpu, memory, … or all; GPUs unless said, where any queue has quota of them.",
            show_default=False,
        ),
    ] = "",
    labels: Annotated[
        str,
        typer.Option(
            "-l", "--selector", metavar="LABELS", help="Only ClusterQueues with these labels.", show_default=False
        ),
    ] = "",
    every_namespace: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="LocalQueues of all namespaces; this is the default.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Keep it up to date: in place on a terminal, else a line per change.")
    ] = False,
    recording: _flags.Recording = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: Annotated[bool, typer.Option("--plain", help="No tree, no bars, no colour: a line per thing.")] = False,
) -> int:
    """Cohorts, ClusterQueues and LocalQueues as a tree: quota, use, what is free and what waits.

    RESERVED counts from the moment a workload has quota, ADMITTED once its checks are done too. AVAIL is what fits
    now, by borrowing too; negative, so much must be freed first. MAX is what could ever fit. PENDING 2+6: two in line,
    six put aside until something changes. A red AVAIL would do for the first in line, which waits for something else.

    \b
    Exit codes:
      0   everything could be read
      4   no Kueue, or no such cohort or resource
      14  something could not be read: it is said what
      16  no queue may be read

    \b
    Examples:
      k8sai queue list                        GPUs, the whole tree
      k8sai queue list --cohort research -w   a part of it, live
      k8sai queue list --resource all -o wide
      k8sai queue list -o json | jq '.clusterQueues[] | select(.active | not)'
    """
    from k8sai.commands import _print
    from k8sai.commands._queue_notes import gaps, insist_on_queues, partial, relevant, say
    from k8sai.commands._queue_read import read
    from k8sai.queues.shown.choice import Choice

    choice = Choice(cohort, labels, options.namespace, resource)
    _refuse_contradictions(options, watch=watch, recording=recording, output=output, every=every_namespace)
    if watch:
        from k8sai.commands._queue_watch import follow

        return follow(options, choice, documents=output == "json", wide=output == "wide", plain=plain)
    found, objects, _ = read(options, recording, others=True)
    insist_on_queues(found)
    shown = _rows(found, choice)
    more, gap = _others(objects, choice)
    unseen = (*relevant(found, kinds(), options.namespace), *gap)
    if output in ("json", "yaml"):
        from k8sai.queues.shown.document import view

        shown_document = view(shown, context=objects.context, at=found.at, hidden=unseen)
        _print.document({**shown_document, **more.document()}, output)
    elif output == "name":
        _print.names("", (*(row.key for row in shown), *more.names()))
    else:
        show(shown, found, wide=output == "wide", plain=plain, more=more.tables(plain=plain))
    _print.flush()
    told = output in ("table", "wide") and (shown or not more)
    say((*gaps(unseen), *(_words(shown, choice) if told else ())))
    return partial(unseen)


def _rows(setting: "Setting", choice: "Choice") -> "tuple[Row, ...]":
    from k8sai.queues.rows import rows
    from k8sai.queues.shown.choice import chosen

    return chosen(rows(setting), choice)


def _others(objects: "Objects", choice: "Choice") -> "tuple[Others, tuple[Unseen, ...]]":
    """Queues of other schedulers, where nothing of Kueue's was chosen; and what of them may not be read."""
    from k8sai.cluster.reading import Reading
    from k8sai.queues.others.lists import Others, others

    reading = Reading(objects)
    return (Others(), ()) if choice.narrows else (others(reading), reading.hidden)


def _words(shown: "tuple[Row, ...]", choice: "Choice") -> "Iterator[Note]":
    """Why a queue admits nothing, who waits although there is room, what the signs mean."""
    from k8sai.commands import _print
    from k8sai.queues.shown.table import LEGEND, inactive
    from k8sai.view import Note

    if not shown:
        yield Note("no queue matches these flags" if choice.narrows else "there are no queues")
    told = tuple(inactive(shown))
    for row in told[:_MOST]:
        yield Note(f"{row.key} admits nothing: {row.message}", "warn")
    if len(told) > _MOST:
        yield Note(f"{len(told) - _MOST} more admit nothing", "warn", "`k8sai queue list -o json` names them")
    waiting = tuple((row.key, row.blocked_head) for row in shown if row.blocked_head is not None)
    for key, head in waiting[:_MOST]:
        yield Note(
            f"{key} has quota for {head.title}, its first in line, which waits all the same",
            "bad",
            f"`k8sai queue why {head.title} -n {head.namespace}`",
        )
    if len(waiting) > _MOST:
        more = f"{len(waiting) - _MOST} more have quota for their first in line, which waits all the same"
        yield Note(more, "bad", "`k8sai queue pending -A`")
    if _print.on_terminal() and get_terminal_size().columns >= _BARS and any(row.figures for row in shown):
        yield Note(LEGEND, "dim")


def _refuse_contradictions(
    options: Options, *, watch: bool, recording: Path | None, output: Output, every: bool
) -> None:
    """Raises Usage, before anything is read."""
    if every and options.namespace:
        raise Usage("-n and -A contradict each other", "leave one of them out")
    if watch and recording:
        raise Usage("a recording does not change: --from and -w cannot go together", "leave one of them out")
    if watch and output not in ("table", "wide", "json"):
        raise Usage(f"-w prints lines or, with -o json, documents: not {output}", "`k8sai queue list -w -o json`")
