"""`top` of several contexts, once: every cluster read in a thread of its own, none waits for another."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from k8sai.cluster.options import Options, timeout_seconds
from k8sai.cluster.sources import Source
from k8sai.commands import _notes, _print, _talk
from k8sai.commands._lists import LISTS, Reading
from k8sai.commands._top_wanted import Wanted
from k8sai.errors import Exit, K8saiError, NotFound, Usage
from k8sai.fleet import clusters, tables
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Picture, Scope, take
from k8sai.view import Note, Page, Table

PATIENCE = 10.0  # seconds one cluster gets unless --request-timeout says otherwise
_LONGEST = 3600.0  # seconds, where it says that there is no limit
_MOST_PENDING = 10  # waiting pods of a cluster in the overview
_NOTHING = "(?!)"  # the pattern that matches nothing


def top(wanted: Wanted, contexts: Sequence[str], *, every: bool) -> int:
    """The exit code of `top` with several contexts, or with --all-contexts."""
    refuse_contradictions(wanted, contexts, every=every)
    contexts = all_of(wanted.options) if every else contexts
    check(wanted.options, contexts)
    if wanted.watch:
        from k8sai.commands._watch_contexts import follow

        return follow(wanted, contexts)
    return screen(wanted, contexts) if wanted.screen else once(wanted, contexts)


def screen(wanted: Wanted, contexts: Sequence[str]) -> int:
    """All of them full screen: first a line per cluster, or what the flags ask for of the first one."""
    from k8sai.commands import _screen
    from k8sai.commands._choice import Kubecontexts
    from k8sai.commands._several import Several
    from k8sai.commands._top_screen import opening

    first = opening(wanted)
    several = Several(contexts, Kubecontexts(wanted.options, wanted.meter))
    front = several.members[0]
    several.start()
    try:
        pane = first if first.stem() or first.pods else replace(first, pane="clusters")
        return _screen.show(front.fleet, front.feed, pane, choice=several)
    finally:
        several.end()


def all_of(options: Options) -> tuple[str, ...]:
    """All contexts of the kubeconfig, in its order. Raises NotFound where it has none."""
    from k8sai.cluster import kubeconfig

    found = tuple(kubeconfig.load(options.kubeconfig).contexts)
    if not found:
        raise NotFound("the kubeconfig has no contexts", "`kubectl config get-contexts`")
    return found


def check(options: Options, contexts: Sequence[str]) -> None:
    """Raises NotFound for a context that the kubeconfig does not have: a slip of the pen is no cluster that is down."""
    from difflib import get_close_matches

    from k8sai.cluster import kubeconfig

    known = kubeconfig.load(options.kubeconfig).contexts
    for context in contexts:
        if context not in known:
            near = get_close_matches(context, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "`kubectl config get-contexts` lists them"
            raise NotFound(f"the kubeconfig has no context {context!r}", hint)


# --- reading ----------------------------------------------------------------------------------------------------------


class _Reading:
    """One cluster on its way: its fleet and picture, or why there is none."""

    def __init__(self, context: str, wanted: Wanted, scope: Scope, done: "SimpleQueue[_Reading]") -> None:
        self.context = context
        self.fleet = Fleet()
        self.picture: Picture | None = None
        self.mistake: Exception | None = None
        self._wanted = wanted
        self._scope = scope
        self._done = done
        Thread(target=self._run, name=f"k8sai-{context}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.picture = self._read()
        except K8saiError as error:
            self.picture = clusters.silent(self.context, _now(), error.message, error.hint, self._scope)
        except Exception as error:  # a bug belongs to the main thread, where it is reported
            self.mistake = error
        self._done.put(self)

    def _read(self) -> Picture:
        from k8sai.cluster.connect import connect
        from k8sai.cluster.live import read_once

        connection = connect(replace(self._wanted.options, context=self.context), ask=False)
        try:
            sources = read_once(connection, self.fleet)
            sources += self._meter(connection)
        finally:
            connection.close()
        return take(self.fleet, context=self.context, at=_now(), sources=sources, scope=self._here())

    def _meter(self, connection: Any) -> tuple[Source, ...]:
        from k8sai.commands._meters import read_meter

        meter = self._wanted.meter
        if meter is None:
            return ()
        nodes = set(self._wanted.names or self.fleet.node_names(self._scope.nodes))
        return (read_meter(meter, connection, self.fleet, nodes),)

    def _here(self) -> Scope:
        """Of the nodes that were named those that this cluster has; another has the others."""
        if not self._scope.names:
            return self._scope
        present = set(self.fleet.node_names(self._scope.nodes))
        here = tuple(name for name in self._scope.names if name in present)
        if here:
            return replace(self._scope, names=here)
        return replace(self._scope, names=(), nodes=replace(self._scope.nodes, text=_NOTHING))


def read(wanted: Wanted, contexts: Sequence[str], scope: Scope) -> list[_Reading]:
    """All clusters, in the order they were named; one that is late has the picture that says so."""
    limit = timeout_seconds(wanted.options.request_timeout) if wanted.options.request_timeout else PATIENCE
    deadline = time.monotonic() + (limit or _LONGEST)
    done: SimpleQueue[_Reading] = SimpleQueue()
    readings = [_Reading(context, wanted, scope, done) for context in contexts]
    waiting = set(contexts)
    with _talk.Progress(f"reading {len(contexts)} clusters") as progress:
        while waiting:
            try:
                arrived = done.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                break
            if arrived.mistake is not None:
                raise arrived.mistake
            waiting.discard(arrived.context)
            progress.say(f"waiting for {', '.join(sorted(waiting))}")
    for reading in readings:
        if reading.context in waiting:
            late = f"no answer within {limit:g} s"
            reading.fleet = Fleet()  # the thread may go on filling the old one
            reading.picture = clusters.silent(reading.context, _now(), late, "--request-timeout gives it longer", scope)
    return readings


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- showing ----------------------------------------------------------------------------------------------------------


def once(wanted: Wanted, contexts: Sequence[str]) -> int:
    """Prints what is there now. The exit code: PARTIAL where something is hidden, CLUSTER where nobody answered."""
    scope = wanted.scope()
    found = [
        Reading(one.picture, one.fleet, bars=not wanted.plain)
        for one in read(wanted, contexts, scope)
        if one.picture is not None
    ]
    pictures = [one.picture for one in found]
    _refuse_unknown_nodes(pictures, scope)
    _show(found, wanted)
    _print.flush()
    _say(pictures, wanted)
    if all(map(clusters.reason, pictures)):
        return Exit.CLUSTER
    return Exit.OK if all(picture.complete for picture in pictures) else Exit.PARTIAL


def _refuse_unknown_nodes(pictures: Sequence[Picture], scope: Scope) -> None:
    known = {node.name for picture in pictures for node in picture.nodes}
    missing = [name for name in scope.names if name not in known]
    if missing and not any(map(clusters.reason, pictures)):
        raise NotFound(f"none of the {len(pictures)} clusters has a node {missing[0]!r} with GPUs")


def _show(found: Sequence[Reading], wanted: Wanted) -> None:
    pictures = [one.picture for one in found]
    by = wanted.by or "node"
    if wanted.output in ("json", "yaml"):
        (_print.json if wanted.output == "json" else _print.yaml)(clusters.view_list(pictures, _now()))
    elif wanted.output == "csv":
        _print.csv(*_flat(found, wanted))
    elif wanted.output == "name":
        kind = LISTS[by].kind or by
        _print.tagged_names((one.picture.context, kind, map(LISTS[by].name, LISTS[by].rows(one))) for one in found)
    else:
        page = Page((_list(found, wanted),)) if wanted.by else _overview(found)
        _print.page(page, wide=wanted.output == "wide", headings=wanted.headings, plain=wanted.plain)


def _overview(found: Sequence[Reading]) -> Page:
    """The clusters, the products of all of them, then nodes and waiting pods with their cluster."""
    pictures = [one.picture for one in found]
    nodes = [(one.context, tables.nodes(one.nodes, one.at, bars=found[0].bars)) for one in pictures]
    waiting = [(one.context, tables.pods(one.pending[:_MOST_PENDING], one.at, waiting=True)) for one in pictures]
    return Page(
        (
            clusters.headline(pictures, _now()),
            clusters.clusters(pictures),
            tables.products(clusters.summed(pictures).products),
            clusters.joined(nodes),
            clusters.joined(waiting),
        )
    )


def _list(found: Sequence[Reading], wanted: Wanted) -> Table:
    by = wanted.by or "node"
    if by == "cluster":
        return clusters.clusters([one.picture for one in found])
    shown = LISTS[by]
    return clusters.joined((one.picture.context, shown.table(shown.rows(one), one)) for one in found)


def _flat(found: Sequence[Reading], wanted: Wanted) -> tuple[list[str], list[list[object]]]:
    """Heading and rows for a spreadsheet, the context first."""
    from k8sai.commands._top_once import flat

    each = [(one.picture.context, flat(one, wanted, LISTS[wanted.by or "node"].rows(one))) for one in found]
    heading = each[0][1][0]
    return ["context", *heading], [[context, *row] for context, (_, rows) in each for row in rows]


def _say(pictures: Sequence[Picture], wanted: Wanted) -> None:
    """Who does not answer is told once; what the others hide, with their names."""
    for picture in pictures:
        if why := clusters.reason(picture):
            hint = next((gap.hint for gap in picture.hidden), "")
            _talk.note(Note(f"{picture.context} is not answering: {why}", "warn", hint))
            continue
        for gap in _notes.gaps(picture):
            _talk.note(Note(f"{picture.context}: {gap.text}", gap.tone, gap.hint))
    if wanted.output in (None, "table", "wide") and not wanted.plain and sys.stdout is not None and sys.stdout.isatty():
        words = tables.legend([node for picture in pictures for node in picture.nodes])
        if words:
            _talk.note(Note(words, "dim"))


def refuse_contradictions(wanted: Wanted, contexts: Sequence[str], *, every: bool) -> None:
    """What cannot be meant for several clusters. Raises Usage."""
    if every and (contexts or wanted.options.context):
        raise Usage("--all-contexts are all, so --context means nothing with it", "leave one of them out")
    if wanted.recording:
        flag = "--all-contexts" if every else "--context"
        raise Usage(f"--from reads no cluster, so {flag} means nothing with it", "leave one of them out")
    if wanted.watch and wanted.names:
        raise Usage("-w of several clusters follows all their nodes, so names mean nothing with it", "leave them out")
    for flag, value in (
        ("--server", wanted.options.server),
        ("--cluster", wanted.options.cluster),
        ("--user", wanted.options.user),
        ("--token", wanted.options.token),
        ("--tls-server-name", wanted.options.tls_server_name),
        ("--certificate-authority", wanted.options.certificate_authority),
        ("--client-certificate", wanted.options.client_certificate),
        ("--client-key", wanted.options.client_key),
    ):
        if value:
            raise Usage(f"{flag} is of one cluster, and {len(contexts)} were asked for", "leave it out")
