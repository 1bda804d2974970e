"""The waiting list as a table and as the `QueuePending` document."""

from collections.abc import Iterable, Iterator, Mapping

from k8sai.ages import human, stamp
from k8sai.cluster.reading import Unseen
from k8sai.queues import words
from k8sai.queues.facts import Json
from k8sai.queues.pending import Waiting
from k8sai.queues.shown.document import heading, number
from k8sai.queues.shown.table import without_empty
from k8sai.queues.why.eta import Eta
from k8sai.view import Cell, Column, Row, Table, Tone

_TONES: dict[str, Tone] = {"now": "bad", "borrow": "bad", "preempt": "warn", "waits": "plain", "never": "bad"}


Etas = Mapping[str, Eta]  # by namespace/name


def table(found: Iterable[Waiting], at: float, etas: Etas, *, plain: bool = False) -> Table:
    """Columns that would say the same on every line are left out: the namespace and the ClusterQueue of one, no ETA."""
    shown = tuple(found)
    spaces = plain or len({one.workload.namespace for one in shown}) > 1
    queues = plain or len({one.queue for one in shown}) > 1
    columns = (
        *((Column("NAMESPACE", shrink=True),) if spaces else ()),
        Column("WORKLOAD", shrink=True),
        Column("POS", "right"),
        Column("PRIO", "right"),
        Column("GPUS", "right"),
        Column("WAITED", "right"),
        Column("FITS"),
        Column("REASON"),
        Column("BLOCKER", shrink=True),
        *((Column("ETA"),) if etas else ()),
        Column("QUEUE", shrink=True),
        *((Column("CLUSTERQUEUE", shrink=True),) if queues else ()),
        Column("IN QUEUE", "right", wide=True),
        Column("ASKS", wide=True),
        Column("NAME", wide=True),
    )
    rows = tuple(Row(one.workload.ref, tuple(_cells(one, at, etas, spaces=spaces, queues=queues))) for one in shown)
    return without_empty(Table(columns, rows, named=2 if spaces else 1))


def _cells(one: Waiting, at: float, etas: Etas, *, spaces: bool, queues: bool) -> Iterator[Cell]:
    workload, place = one.workload, one.position
    if spaces:
        yield Cell(workload.namespace)
    yield Cell(workload.title)
    yield Cell(place.text if place else "-", "plain" if place and place.exact else "dim")
    yield Cell(str(workload.priority))
    yield Cell(str(one.gpus) if one.gpus else "")
    yield Cell(human(max(0.0, at - workload.created)))
    yield Cell(one.fits, _TONES.get(one.fits, "plain"))
    yield Cell(one.code)
    yield Cell(one.blocker)
    if etas:
        yield Cell(etas[workload.ref].text if workload.ref in etas else "")
    yield Cell(workload.queue)
    if queues:
        yield Cell(one.queue)
    yield Cell(_within(one))
    yield Cell(
        " ".join(f"{words.short(name)}={words.amount(name, amount)}" for name, amount in workload.asks().items())
    )
    yield Cell(workload.name)


def _within(one: Waiting) -> str:
    """`2/5`: second of five in its LocalQueue."""
    if one.position is None:
        return ""
    sign, of = "" if one.position.exact else "≈", one.position.of_local_queue
    return f"{sign}{one.position.local_queue}" + (f"/{of}" if of is not None else "")


def document(
    found: Iterable[Waiting],
    etas: Etas,
    *,
    context: str,
    at: float,
    hidden: Iterable[Unseen] = (),
    total: int | None = None,
) -> Json:
    """`total` is how many there are, where only some are in it."""
    entries = [entry(one, at, etas.get(one.workload.ref)) for one in found]
    head = heading("QueuePending", context=context, at=at, hidden=hidden)
    return {**head, "total": len(entries) if total is None else total, "pending": entries}


def entry(one: Waiting, at: float, eta: Eta | None) -> Json:
    """One entry of `pending`. Places count from 1; `exact` is false where Kueue could not be asked."""
    workload, place = one.workload, one.position
    asks = {name: number(name, amount) for name, amount in workload.asks().items()} if one.known else None
    return {
        "namespace": workload.namespace,
        "name": workload.name,
        "owner": workload.title,
        "localQueue": workload.queue,
        "clusterQueue": one.queue or None,
        "position": place.cluster_queue if place else None,
        "positionInLocalQueue": place.local_queue if place else None,
        "exact": place.exact if place else None,
        "priority": workload.priority,
        "gpus": one.gpus if one.known else None,
        "asks": asks,
        "created": stamp(workload.created),
        "waitedSeconds": max(0, int(at - workload.created)),
        "fits": one.fits or None,
        "code": one.code or None,
        "blocker": one.blocker or None,
        "eta": None if eta is None else {"lowSeconds": int(eta.low), "highSeconds": _high(eta), "why": eta.why},
        "preempts": [victim.workload.ref for victim in one.judged.victims] if one.judged else [],
    }


def _high(eta: Eta) -> int | None:
    return None if eta.high is None else int(eta.high)
