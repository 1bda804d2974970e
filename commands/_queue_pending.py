"""`queue pending`: who waits, in which place, for what, and whether it would fit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.queues.pending import Waiting
    from k8sai.queues.setting import Setting
    from k8sai.view import Note

_BLIND = "those are listed that Kueue tells the place of, without what they ask for"

Output = Literal["table", "wide", "json", "yaml", "name"]


def pending(
    options: Options,
    queue: Annotated[
        str,
        typer.Argument(metavar="[QUEUE]", help="A ClusterQueue or LocalQueue: its name, cq/NAME or lq/NAME."),
    ] = "",
    *,
    every_namespace: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="Of all namespaces, not only the context's.")
    ] = False,
    labels: Annotated[
        str, typer.Option("-l", "--selector", metavar="LABELS", help="Only Workloads with these labels.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="Only the first N of them; 0 for all.")] = 0,
    recording: _flags.Recording = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: Annotated[bool, typer.Option("--plain", help="No columns, no colour: a line per workload.")] = False,
) -> int:
    """Who waits, in which place, for how many GPUs, and whether it would fit were it next.

    POS is the place in the ClusterQueue as Kueue says it; ≈3 is our own order, where Kueue may not be asked. Who has no
    place is deactivated, gated or backing off. FITS: now, borrow, preempt (BLOCKER says whom it would evict), waits,
    never. ETA is a range from limits and earlier runs of those that hold the quota, and blank where nothing is known.

    \b
    Exit codes:
      0   everything could be read
      4   no Kueue, or no such queue
      14  something could not be read: it is said what
      16  no queue may be read

    \b
    Examples:
      k8sai queue pending                 of this namespace
      k8sai queue pending cq/finetune     of a ClusterQueue, all namespaces
      k8sai queue pending main -n ft      of a LocalQueue
      k8sai queue pending -A -o json | jq '.pending[] | select(.fits == "never")'
    """
    from k8sai.commands import _print
    from k8sai.commands._queue_notes import gaps, insist_on_queues, partial, relevant, say
    from k8sai.commands._queue_read import ask, read
    from k8sai.queues.pending import pending as list_pending
    from k8sai.queues.pending import queues_of
    from k8sai.queues.positions import read as read_positions
    from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS
    from k8sai.queues.shown.eta import etas

    if every_namespace and (options.namespace or queue):
        raise Usage(f"-A and {'-n' if options.namespace else queue} contradict each other", "leave one of them out")
    setting, objects, namespace = read(options, recording)
    insist_on_queues(setting)
    refs, where = _meant(setting, queue, "" if every_namespace else namespace)
    positions = read_positions(ask(objects), setting, queues_of(setting, refs))
    found = _selected(list_pending(setting, positions, refs), labels)
    shown = found[:limit] if limit else found
    expected = etas(setting, objects, shown)
    kinds = (CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS)
    spaces = {ref.partition("/")[0] for ref in refs}
    unseen = (*relevant(setting, kinds, namespace if spaces <= {namespace} else ""), *positions.unseen)
    if output in ("json", "yaml"):
        from k8sai.queues.shown.pending import document

        context, total = objects.context, len(found)
        what = document(shown, expected, context=context, at=setting.at, hidden=unseen, total=total)
        _print.document(what, output)
    elif output == "name":
        _print.names("workload.kueue.x-k8s.io", (one.workload.name for one in shown))
    else:
        from k8sai.queues.shown.pending import table
        from k8sai.view import Page

        _print.page(Page((table(shown, setting.at, expected, plain=plain),)), wide=output == "wide", plain=plain)
    _print.flush()
    words = _words(setting, shown, found, where, refs) if output in ("table", "wide") else ()
    say((*gaps(unseen, _BLIND), *words))
    return partial(unseen)


def _meant(setting: "Setting", queue: str, namespace: str) -> "tuple[frozenset[str], str]":
    """The LocalQueues that are asked about, and how to say where that is. Raises NotFound, Usage, Forbidden."""
    from k8sai.queues.pending import refs_of
    from k8sai.queues.shown.named import named
    from k8sai.queues.usage import tree

    if not queue:
        return refs_of(setting, namespace=namespace), f"in namespace {namespace}" if namespace else "anywhere"
    one = named(setting, tree(setting), queue, namespace, ("cq", "lq"))
    if one.kind == "lq":
        return frozenset({one.name}), f"at {one.word}"
    return refs_of(setting, queue=one.name), f"at {one.word}"


def _selected(found: "tuple[Waiting, ...]", labels: str) -> "tuple[Waiting, ...]":
    from k8sai.selectors import selector

    test = selector(labels)
    return tuple(one for one in found if test(one.workload.labels))


def _words(
    setting: "Setting", shown: "tuple[Waiting, ...]", found: "tuple[Waiting, ...]", where: str, refs: frozenset[str]
) -> "Iterator[Note]":
    from k8sai.queues.setting import WORKLOADS
    from k8sai.view import Note

    told = sum(setting.local_queues[ref].pending or 0 for ref in refs if ref in setting.local_queues)
    if setting.blind(WORKLOADS) and told > len(found):
        yield Note(f"{told} wait {where}, as the status of the LocalQueues says")
    elif not found and not setting.blind(WORKLOADS):
        yield Note(
            f"nothing waits {where}", "plain", "" if where == "anywhere" else "`k8sai queue pending -A` shows all"
        )
    elif len(shown) < len(found):
        yield Note(f"{len(found) - len(shown)} more wait {where}", "plain", "`k8sai queue pending --limit 0` shows all")
