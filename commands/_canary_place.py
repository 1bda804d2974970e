"""What a verb of `canary` is about: a target in its cluster, as it is now, and the backend that rolls it out."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.errors import K8saiError, NotFound, Usage

if TYPE_CHECKING:
    from k8sai.canary.backend import Backend
    from k8sai.canary.facts import Json, Ref
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer


@dataclass(frozen=True, slots=True)
class Place:
    """`target` is the object as it was read; `reading` remembers what else is read, and what could not be."""

    connection: "Connection"
    objects: "LiveObjects"
    reading: "Reading"
    writer: "Writer"
    ref: "Ref"
    target: "Json"
    backend: "Backend"

    def again(self) -> "Place":
        """The same target as it is now, over the same connection. Raises NotFound, Forbidden, ClusterError."""
        from k8sai.cluster.reading import Reading

        target = self.objects.get(self.ref.kind, self.ref.namespace, self.ref.name)
        return replace(self, target=target, reading=Reading(self.objects))


def look(options: Options, names: tuple[str, ...], backend: str = "") -> Place:
    """Of `isvc/chat` or `isvc chat`; `backend` forces one. Raises Usage, NotFound, Forbidden, Refused, ClusterError."""
    from k8sai.canary.backends.all import by_name, by_word, insist_on_known, served_kinds, taking
    from k8sai.canary.facts import Ref
    from k8sai.cluster.connect import connect
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer

    word, name = asked(names)
    candidates = by_word(word)
    if backend:
        candidates = tuple(one for one in candidates if one is by_name(backend))
        if not candidates:
            raise Usage(f"backend {backend} does not roll out a {word}", "leave --backend out: it is found")
    connection = connect(options)
    objects = LiveObjects(connection)
    kinds = served_kinds(candidates, objects, connection.server)
    kind = _home(objects, kinds, word, connection.namespace, name)
    candidates = tuple(one for one in candidates if kind in one.kinds)
    target = _found(objects, kind, connection.namespace, name, candidates[0].words[0])
    insist_on_known(kind, target, f"{candidates[0].words[0]}/{name}")
    reading = Reading(objects)
    uid = str(target["metadata"].get("uid") or "")
    ref = Ref(kind, connection.namespace, name, uid, candidates[0].words[0])
    taken = candidates[0] if backend else taking(candidates, target, ref.title, reading)
    return Place(connection, objects, reading, Writer(connection), ref, target, taken)


def asked(names: tuple[str, ...]) -> tuple[str, str]:
    """The word and the name of `isvc/chat`. Raises Usage."""
    word, _, name = "/".join(names).partition("/")
    if not word or not name or "/" in name:
        raise Usage("name one target: isvc/NAME, httproute/NAME, rollout/NAME", "`k8sai canary list`")
    return word, name


def _home(objects: "LiveObjects", kinds: list[str], word: str, namespace: str, name: str) -> str:
    """The kind that is named in full, else that which has an object of this name, else the first."""
    if word in kinds or len(kinds) == 1:
        return word if word in kinds else kinds[0]
    for kind in kinds:
        try:
            objects.get(kind, namespace, name)
        except NotFound:
            continue
        return kind
    return kinds[0]


def _found(objects: "LiveObjects", kind: str, namespace: str, name: str, word: str) -> "Json":
    try:
        return objects.get(kind, namespace, name)
    except NotFound as error:
        raise NotFound(
            f"there is no {word}/{name} in namespace {namespace}", _near(objects, kind, namespace, name, word)
        ) from error


def _near(objects: "LiveObjects", kind: str, namespace: str, name: str, word: str) -> str:
    from difflib import get_close_matches

    try:
        there = [one["metadata"]["name"] for one in objects.list(kind, namespace)]
    except K8saiError:
        return ""
    near = get_close_matches(name, there, 1)
    if near:
        return f"did you mean {word}/{near[0]}?"
    return f"it has {', '.join(sorted(there)[:8])}" if there else "it has none"
