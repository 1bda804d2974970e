"""`fit` at work: read the cluster, ask, print."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from k8sai.ages import stamp
from k8sai.cluster.objects import Objects
from k8sai.cluster.options import Options
from k8sai.cluster.sources import Source
from k8sai.commands import _print, _talk
from k8sai.commands._manifest import manifest, place
from k8sai.errors import Exit, NotFound
from k8sai.fit import document, pages
from k8sai.fit.answer import Answer
from k8sai.fit.ask import Asked, Bounds, Together
from k8sai.fit.place import WhatIf, answer
from k8sai.fit.reading import (
    Reader,
    claimed,
    drivers_of,
    furnish,
    insist,
    left_out,
    rules_of,
    trial_of,
    unread,
    where_of,
)
from k8sai.fit.roster import Roster
from k8sai.fit.scene import Scene, Where
from k8sai.fit.wish import Wish, asked, means, own_tolerations, toleration
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Hidden
from k8sai.fleet.rule_file import configured
from k8sai.scheduling.board import Board
from k8sai.selectors import selector
from k8sai.view import Note


@dataclass(frozen=True, slots=True)
class Question:
    """The flags."""

    options: Options
    gpus: int | None
    pods: int | None
    file: str
    product: str
    together: Together
    labels: str
    resource: str
    cpu: str
    memory: str
    tolerate: tuple[str, ...]
    priority_class: str
    after_drain: tuple[str, ...]
    after_finish: tuple[str, ...]
    recording: Path | None
    output: str
    plain: bool

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.product, self.labels, self.together)


@dataclass(frozen=True, slots=True)
class Read:
    """A cluster as it was read."""

    fleet: Fleet
    board: Board
    roster: Roster
    objects: Objects
    sources: tuple[Source, ...]
    context: str
    at: str
    namespace: str


def run(question: Question) -> int:
    """Ask and print; the exit code."""
    tolerations = [toleration(text) for text in question.tolerate]
    selector(question.labels)  # what is wrong with it is said before a cluster is asked
    documents = manifest(question.file) if question.file else []
    read = _recorded(question) if question.recording is not None else _live(question)
    insist(read.sources)
    reader = Reader(read.objects)
    where = where_of(read.fleet)
    _insist_on_nodes(question, read, where)
    pods, bounds = _asked(question, read, reader, documents, tolerations)
    what_if = _what_if(question, read)
    finished = [pod for one in question.after_finish for pod in read.roster.of(one, question.options.namespace)[1]]
    furnish(reader, read.board, pods, what_if.on_drained)
    trial, rules = trial_of(read.board, read.roster.unready), rules_of(reader, pods, finished)
    scene = Scene(trial, where, rules, drivers_of(read.board), claimed(read.board))
    with _talk.Progress("trying where the pods could go"):
        found = answer(scene, pods, bounds, what_if)
    code = _code(found, read.sources, reader)
    gaps = [*unread(read.sources), *reader.hidden]
    found = replace(found, remarks=(*found.remarks, *_no_namespace(reader, pods, documents)))
    _show(question, found, read, gaps, code)
    return code


def _code(found: Answer, sources: tuple[Source, ...], reader: Reader) -> Exit:
    """What may not be read could turn a yes into a no, and a no into a yes; quotas and limits only forbid."""
    if unread(sources) or (reader.hidden if found.fits else reader.doubtful):
        return Exit.PARTIAL
    return {"now": Exit.OK, "later": Exit.NO_CAPACITY, "never": Exit.FINDINGS}[found.verdict]


def _no_namespace(reader: Reader, pods: Asked, documents: list[Any]) -> Iterator[str]:
    """Names that no namespace has, and that the manifest does not make: most are slips of the pen."""
    if reader.hidden:  # a server that is gone is not asked again, and of quotas nothing can be said
        return
    made = {(one.get("metadata") or {}).get("name") for one in _objects(documents) if one.get("kind") == "Namespace"}
    for name in sorted({group.namespace for group in pods.groups} - made):
        if reader.lacks_namespace(name):
            yield f"there is no namespace {name} yet: no quota is counted"


def _objects(documents: list[Any]) -> Iterator[dict[str, Any]]:
    """The objects of a manifest, those of a List too."""
    for one in documents:
        if isinstance(one, dict):
            yield one
            yield from _objects(one.get("items") or [])


# --- reading ----------------------------------------------------------------------------------------------------------


def _live(question: Question) -> Read:
    from k8sai.cluster.connect import connect
    from k8sai.cluster.live import read_once
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.tee import Tee

    connection = connect(question.options)
    fleet, board, roster = Fleet(), Board(), Roster()
    with _talk.Progress(f"reading {connection.server}"):
        sources = read_once(connection, Tee(fleet, board, roster))
    at = stamp(time.time())
    objects = LiveObjects(connection)
    return Read(fleet, board, roster, objects, sources, connection.context, at, connection.namespace)


def _recorded(question: Question) -> Read:
    from k8sai.cluster.recording import open_recording
    from k8sai.cluster.tee import Tee

    path = question.recording
    recorded, feed, objects = open_recording(Path("/dev/stdin") if path in (None, Path("-")) else path)
    fleet, board, roster = Fleet(), Board(), Roster()
    feed(Tee(fleet, board, roster))
    namespace = question.options.namespace or "default"
    return Read(fleet, board, roster, objects, recorded.sources, recorded.context, recorded.at, namespace)


def _insist_on_nodes(question: Question, read: Read, where: dict[str, Where]) -> None:
    """A product or selector that no node has is a slip of the pen. Raises NotFound."""
    from difflib import get_close_matches

    if question.product and not any(question.product.casefold() in one.product.casefold() for one in where.values()):
        known = sorted({one.product for one in where.values() if one.product})
        raise NotFound(f"no node has the product {question.product!r}", f"there are: {', '.join(known) or 'none'}")
    nodes = read.board.view.nodes
    if question.labels and not any(map(selector(question.labels), (node.labels for node in nodes.values()))):
        raise NotFound(f"no node has the labels {question.labels!r}", "`kubectl get nodes --show-labels` shows them")
    for name in question.after_drain:
        if name not in nodes:
            near = get_close_matches(name, nodes, 1)
            raise NotFound(f"--after-drain {name}: there is no such node", f"did you mean {near[0]!r}?" if near else "")


def _asked(
    question: Question, read: Read, reader: Reader, documents: list[Any], tolerations: list[Any]
) -> tuple[Asked, Bounds]:
    from k8sai.fit.manifests import read as read_manifest
    from k8sai.fit.variants import tolerating

    namespace = question.options.namespace or read.namespace or "default"
    if question.file:
        found = read_manifest(documents, namespace, place(question.file), reader.runtime)
        return tolerating(found, tolerations), question.bounds
    rules = configured()
    taints = [taint["key"] for node in read.board.view.nodes.values() for taint in node.taints]
    wish = Wish(
        pods=1 if question.pods is None else question.pods,
        gpus=question.gpus or 0,
        cpu=question.cpu,
        memory=question.memory,
        tolerations=(*own_tolerations(taints, rules), *tolerations),
        priority_class=question.priority_class,
        namespace=namespace,
    )
    classes = read.board.supply.classes.values()
    how = means(question.resource, read.fleet.products(), classes, rules, question.product)
    other = left_out(read.fleet, how.resource) if how.whole else frozenset()
    if other:
        nodes = "1 node is" if len(other) == 1 else f"{len(other)} nodes are"
        said = f"{nodes} left out: {how.resource} is a slice or replica there; --resource {how.resource} takes them too"
        how = replace(how, remarks=(*how.remarks, said))
    return asked(wish, how), replace(question.bounds, left_out=other)


def _what_if(question: Question, read: Read) -> WhatIf:
    roster = read.roster
    ended = [roster.of(one, question.options.namespace) for one in question.after_finish]
    return WhatIf(
        drained=question.after_drain,
        on_drained=tuple(pod for name in question.after_drain for pod in roster.on(name)),
        finished=tuple(title for title, _ in ended),
        gone=frozenset(pod.metadata.uid for _, pods in ended for pod in pods),
        ending=tuple(roster.ending()),
        daemons=roster.daemons(),
    )


# --- printing ---------------------------------------------------------------------------------------------------------


def _show(question: Question, found: Answer, read: Read, gaps: list[Hidden], code: Exit) -> None:
    if question.output in ("json", "yaml"):
        shown = document.document(found, context=read.context, at=read.at, hidden=gaps, code=code)
        _print.document(shown, question.output)
    elif question.output == "name":
        _print.names("node", (one.node for one in found.placements) if found.fits else ())
    else:
        wide = question.output == "wide"
        _print.page(
            pages.page(found, wide=wide or question.plain, guessed=code == Exit.PARTIAL),
            wide=wide,
            plain=question.plain,
        )
    _print.flush()
    for note in _notes(question, found, gaps):
        _talk.note(note)


def _notes(question: Question, found: Answer, gaps: list[Hidden]) -> Iterator[Note]:
    if question.output not in ("json", "yaml"):
        yield from (Note(text) for text in found.remarks)
    groups: dict[str, list[Hidden]] = {}
    for gap in gaps:
        groups.setdefault(gap.meaning, []).append(gap)
    for meaning, members in groups.items():
        what = " and ".join(filter(None, [", ".join(gap.what for gap in members[:-1]), members[-1].what]))
        yield Note(f"{meaning.format(what)}: {members[0].why}", "warn", members[0].hint)
