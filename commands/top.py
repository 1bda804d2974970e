"""Where every GPU is, who holds it and what is free: full screen on a terminal, tables and documents for scripts."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags, _print, _screen, _talk
from k8sai.commands._door import entry
from k8sai.errors import Exit, Usage

if TYPE_CHECKING:
    from k8sai.commands._meters import Meter
    from k8sai.fleet.answers import NodeRow, PodRow, Total
    from k8sai.fleet.picture import Picture, Scope
    from k8sai.tui.opening import Opening

Output = Literal["table", "wide", "json", "yaml", "csv", "name"]
By = Literal["node", "product", "namespace", "queue", "pod", "pending"]
Sort = Literal["name", "product", "free", "used", "unhealthy", "pending", "largest", "zone", "age"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags ask for, free of contradictions."""

    options: Options
    names: tuple[str, ...]
    screen: bool
    output: Output | None
    by: By | None
    watch: bool
    plain: bool
    recording: Path | None
    labels: str
    product: str
    sort: Sort
    reverse: bool
    every_node: bool
    headings: bool
    meter: "Meter | None"

    def scope(self) -> "Scope":
        """The part of the cluster that is shown."""
        from k8sai.fleet.picture import Scope
        from k8sai.fleet.query import NodeQuery, PodQuery
        from k8sai.fleet.selectors import selector

        nodes = NodeQuery(
            labels=self.labels,
            sort=self.sort,
            reverse=self.reverse,
            gpu_only=not self.every_node,
        )
        if self.labels:
            selector(self.labels)  # what is wrong with it is said before a cluster is asked
        return Scope(nodes, PodQuery(namespace=self.options.namespace), self.product, self.names)


def top(
    options: Options,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NODE]...", help="Only these nodes.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Print what is there now and end.")] = False,
    output: Annotated[
        Output | None, typer.Option("-o", "--output", help="How to print it; implies --once.", show_default=False)
    ] = None,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="A line per change; with -o json a document per line.")
    ] = False,
    by: Annotated[
        By | None, typer.Option("--by", help="One list alone, in -o table, wide, csv or name.", show_default=False)
    ] = None,
    labels: Annotated[
        str,
        typer.Option("-l", "--selector", metavar="LABELS", help="Only nodes with these labels.", show_default=False),
    ] = "",
    product: Annotated[
        str, typer.Option("--product", metavar="TEXT", help="Only nodes of this GPU product.", show_default=False)
    ] = "",
    sort: Annotated[Sort, typer.Option("--sort-by", help="The order of nodes.")] = "name",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    every_node: Annotated[bool, typer.Option("--all-nodes", help="Nodes without GPUs too.")] = False,
    every_namespace: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="Pods of all namespaces; this is the default.")
    ] = False,
    recording: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Read a recording or `kubectl get -o json`; - is stdin."),
    ] = None,
    dcgm: Annotated[
        bool, typer.Option("--dcgm", help="How busy the cards are, from each node's dcgm-exporter.")
    ] = False,
    prometheus: Annotated[
        str,
        typer.Option(
            "--prometheus",
            metavar="WHERE",
            help="The same from a Prometheus: its URL, or NAMESPACE/SERVICE:PORT.",
            show_default=False,
        ),
    ] = "",
    prometheus_headers: Annotated[
        list[str] | None,
        typer.Option("--prometheus-header", metavar="NAME:VALUE", help="For its URL; may be repeated."),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Words instead of bars, no colour: a line per thing.")] = False,
    no_headers: Annotated[bool, typer.Option("--no-headers", help="Tables without headings.")] = False,
) -> int:
    """Where every GPU is, who holds it and what is free.

    On a terminal this is a full-screen view; press ? there for its keys. In a pipe, or with --once or -o, it prints
    what is there now. Totals are of the whole cluster, or of the nodes listed where nodes are filtered; -n narrows
    the pods listed.

    \b
    Examples:
      k8sai top                         the live view
      k8sai top --once --sort-by free   a table, the emptiest nodes first
      k8sai top --by pending            the pods that wait for GPUs, and why
      k8sai top -o json | jq .totals    numbers for a script
      k8sai top -w                      a line per change
    """
    from k8sai.commands._meters import meter_of

    wanted = Wanted(
        options=options,
        names=tuple(names or ()),
        screen=not (once or output or watch or by or plain or no_headers) and _screen.has_screen(),
        output=output,
        by=by,
        watch=watch,
        plain=plain,
        recording=Path("/dev/stdin") if recording == Path("-") else recording,
        labels=labels,
        product=product,
        sort=sort,
        reverse=reverse,
        every_node=every_node,
        headings=not no_headers,
        meter=meter_of(dcgm=dcgm, prometheus=prometheus, headers=prometheus_headers or ()),
    )
    _refuse_contradictions(wanted, once=once, every_namespace=every_namespace)
    if wanted.recording:
        _talk.carry(["--from", str(recording)])
    if wanted.watch:
        from k8sai.commands._watch import follow

        return follow(options, wanted.scope(), documents=output == "json", plain=plain, meter=wanted.meter)
    return _live(wanted) if wanted.screen else _once(wanted)


def _refuse_contradictions(wanted: Wanted, *, once: bool, every_namespace: bool) -> None:
    """Before anything is read: each pair of flags that cannot both be meant gets its sentence. Raises Usage."""
    connection = [flag for flag in _flags.given(wanted.options) if flag != "--namespace"]
    if every_namespace and wanted.options.namespace:
        raise Usage("-n and -A contradict each other", "leave one of them out")
    if wanted.recording and connection:
        raise Usage(f"--from reads no cluster, so {connection[0]} means nothing with it", "leave one of them out")
    if wanted.recording and wanted.meter is not None:
        flag = "--dcgm" if wanted.meter.prometheus is None else "--prometheus"
        raise Usage(f"--from reads no cluster, so {flag} means nothing with it", "leave one of them out")
    if wanted.recording and wanted.watch:
        raise Usage("a recording does not change: --from and -w cannot go together", "leave one of them out")
    if wanted.watch and once:
        raise Usage("--once ends at once and -w goes on: they cannot go together", "leave one of them out")
    if wanted.watch and wanted.output not in (None, "json"):
        raise Usage(f"-w prints lines, or documents with -o json; not -o {wanted.output}", "`k8sai top -w -o json`")
    if wanted.watch and wanted.by:
        raise Usage("-w follows nodes and pods at once, so --by means nothing with it", "leave one of them out")
    if wanted.by and wanted.output in ("json", "yaml"):
        raise Usage(
            f"-o {wanted.output} has every list, so --by means nothing with it", f"`k8sai top -o {wanted.output}`"
        )
    if wanted.reverse and wanted.sort == "name" and wanted.by not in (None, "node"):
        raise Usage("--reverse orders nodes, and --by shows something else", "leave one of them out")
    if wanted.sort != "name" and wanted.by not in (None, "node"):
        raise Usage("--sort-by orders nodes, and --by shows something else", "leave one of them out")


# --- once -------------------------------------------------------------------------------------------------------------


def _once(wanted: Wanted) -> int:
    scope = wanted.scope()
    with _uncollected():
        picture = _from_recording(wanted.recording, scope) if wanted.recording else _from_cluster(wanted, scope)
        _show(picture, wanted)
    _print.flush()
    _say(picture, wanted)
    return Exit.OK if picture.complete else Exit.PARTIAL


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's garbage collector rests: what is read is needed to the end, and walking it is a tenth of the time."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()  # else all of it would be walked at the next chance, or at the exit
            gc.enable()


def _from_recording(path: Path, scope: "Scope") -> "Picture":
    from k8sai.cluster.recording import load
    from k8sai.fleet.index import Fleet
    from k8sai.fleet.picture import take

    fleet = Fleet()
    recorded = load(path, fleet)
    return take(fleet, context=recorded.context, at=recorded.at, sources=recorded.sources, scope=scope)


def _from_cluster(wanted: Wanted, scope: "Scope") -> "Picture":
    from k8sai.cluster.connect import connect
    from k8sai.cluster.live import read_once
    from k8sai.commands._meters import read_meter
    from k8sai.fleet.index import Fleet
    from k8sai.fleet.picture import take

    connection = connect(wanted.options)
    fleet = Fleet()
    with _talk.Progress(f"reading {connection.server}"):
        sources = read_once(connection, fleet)
    if wanted.meter is not None:
        with _talk.Progress("asking how busy the cards are"):
            nodes = set(wanted.names or fleet.node_names(scope.nodes))
            sources += (read_meter(wanted.meter, connection, fleet, nodes),)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return take(fleet, context=connection.context, at=at, sources=sources, scope=scope)


def _show(picture: "Picture", wanted: Wanted) -> None:
    if wanted.output in ("json", "yaml"):
        from k8sai.fleet.document import document

        (_print.json if wanted.output == "json" else _print.yaml)(document(picture))
    elif wanted.output == "csv":
        from k8sai.fleet.document import document, flat

        _print.csv(*flat(document(picture), wanted.by or "node"))
    elif wanted.output == "name":
        by = wanted.by or "node"
        _print.names("pod" if by == "pending" else by, _names(picture, by))
    else:
        from k8sai.fleet import tables

        bars = not wanted.plain
        page = tables.one(picture, wanted.by, bars=bars) if wanted.by else tables.overview(picture, bars=bars)
        if picture.shows_gpus or wanted.every_node:
            _print.page(page, wide=wanted.output == "wide", headings=wanted.headings, plain=wanted.plain)
            _print.flush()
            for note in page.notes:
                _talk.note(note)


def _say(picture: "Picture", wanted: Wanted) -> None:
    from k8sai.commands import _notes

    filtered = bool(wanted.labels or wanted.product)
    notes = [*_notes.gaps(picture), *_notes.emptiness(picture, filtered=filtered)]
    if not notes and wanted.by and not _names(picture, wanted.by):
        notes.append(_notes.empty_list(wanted.by, wanted.options.namespace))
    if wanted.output in (None, "table", "wide") and not wanted.plain and sys.stdout is not None and sys.stdout.isatty():
        notes += _notes.signs(picture)
    for note in notes:
        _talk.note(note)


def _names(picture: "Picture", by: By) -> list[str]:
    lists: dict[By, Sequence[NodeRow | PodRow | Total]] = {
        "node": picture.nodes,
        "product": picture.products,
        "namespace": picture.namespaces,
        "queue": picture.queues,
        "pod": picture.pods,
        "pending": picture.pending,
    }
    return [one.name for one in lists[by]]


# --- full screen ------------------------------------------------------------------------------------------------------


def _live(wanted: Wanted) -> int:
    from k8sai.commands._feed import live_feed, recorded_feed
    from k8sai.fleet.index import Fleet

    opening = _opening(wanted)
    fleet = Fleet()
    feed = (
        recorded_feed(wanted.recording, fleet) if wanted.recording else live_feed(wanted.options, fleet, wanted.meter)
    )
    return _screen.show(fleet, feed, opening)


def _opening(wanted: Wanted) -> "Opening":
    """The flags as the filters that a user would type. Raises Usage for more than one filter can say."""
    import re

    from k8sai.tui.opening import Opening

    wanted.scope()  # what is wrong with a selector is said before the screen opens
    filters = [
        *([f"-l {wanted.labels}"] if wanted.labels else []),
        *([re.escape(wanted.product).replace("\\-", "-")] if wanted.product else []),
        *([f"^({'|'.join(map(re.escape, wanted.names))})$".replace("\\-", "-")] if wanted.names else []),
    ]
    if len(filters) > 1:
        raise Usage(
            "the screen takes one of -l, --product and node names, not several", "`k8sai top --once` takes them all"
        )
    namespace = wanted.options.namespace
    return Opening(
        nodes="".join(filters),
        pods=f"^{namespace}$" if namespace else "",
        sort=wanted.sort,
        reverse=wanted.reverse,
        every=wanted.every_node,
    )


main = entry(_flags.connected(top), "top")
