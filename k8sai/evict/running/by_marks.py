"""Taking a drain back without its journal, by the marks it left on what it has stopped and cordoned."""

from typing import TYPE_CHECKING, Final

from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.discovery import served
from k8sai.cluster.patching import Stale, patch
from k8sai.cluster.reading import Reading
from k8sai.cluster.writing import Target
from k8sai.errors import Refused, TimedOut
from k8sai.evict.keeping.find import Marked, marked_nodes, parked
from k8sai.evict.running import marking, tainting
from k8sai.evict.running.loop import Interrupted
from k8sai.evict.switches.parked import as_gang
from k8sai.evict.switches.step import Never, Write

if TYPE_CHECKING:
    from k8sai.evict.running.entering import Door

_MOST: Final = 300  # looks, until it is given up
_EVERY: Final = 2.0  # seconds between two


def take_back(door: "Door", drain: str) -> tuple[str, ...]:
    """What was done, a sentence each; nothing where there is no mark of it.

    Raises Refused where something cannot be started, TimedOut, Interrupted, Forbidden, ClusterError.
    """
    done = [_opened(door, one) for one in _rules(door, drain)]
    done += [_uncordoned(door, drain, one) for one in _nodes(door, drain)]
    for _ in range(_MOST):
        read = Reading(door.objects)
        left = [one for one in parked(read) if one.drain == drain]
        _insist_on_all(read)
        if not left:
            return tuple(filter(None, done))
        wrote = [_started(door, read, drain, one) for one in left]
        done += wrote
        if door.stop.is_set():
            raise Interrupted(f"interrupted: {len(left)} are still stopped")
        if not any(wrote):
            door.pause(_EVERY)
    raise TimedOut(f"{left[0].ref.title} could not be started", "the same command again goes on")


def _nodes(door: "Door", drain: str) -> list[Marked]:
    read = Reading(door.objects)
    found = [one for one in marked_nodes(read) if one.drain == drain]
    _insist_on_all(read)
    return found


def _rules(door: "Door", drain: str) -> list[Marked]:
    """Those that close a GPU."""
    read = Reading(door.objects)
    found = [one for one in tainting.marked(read) if one.drain == drain]
    _insist_on_all(read)
    return found


def _opened(door: "Door", one: Marked) -> str:
    tainting.take_back(door.connection, door.writer, one)
    return f"devicetaintrule/{one.ref.name} is taken away"


def _insist_on_all(read: Reading) -> None:
    """What cannot be seen may bear a mark."""
    for gap in read.hidden:
        if (error := read.refusal(gap.what)) is not None:
            raise error


def _uncordoned(door: "Door", drain: str, one: Marked) -> str:
    operations = marking.uncordon(one.object, drain)
    if marking.marked(one.object, drain):
        marking.condition(door.writer, one.object, drain, "", door.now())
    marking.write(door.writer, one.object, operations)
    ours = any(each["path"] == "/spec/unschedulable" and each["op"] == "remove" for each in operations)
    return f"node/{one.ref.name} {'uncordoned' if ours else 'is free of its mark'}"


def _started(door: "Door", read: Reading, drain: str, one: Marked) -> str:
    """ "" where it is waited for."""
    step = door.switches.next_start(as_gang(one.object, read), read, drain)
    if isinstance(step, Never):
        raise Refused(step.why, step.hint)
    if not isinstance(step, Write):
        return ""
    plural, _, group = step.on.kind.partition(".")
    resource = served(door.connection).find(group, plural)
    if resource is None:
        return ""
    target = Target(resource, step.on.namespace, step.on.name)
    try:
        if step.delete:
            door.writer.send("DELETE", target.path, {}, step.delete)
        else:
            patch(door.writer, target, step.patch)
    except (Stale, ApiConflict):
        return ""
    return step.title or f"{step.on.title} may run again"
