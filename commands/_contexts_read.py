"""Reads several clusters at once: each in a thread of its own, none waits for another."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from k8sai.ages import stamp
from k8sai.cluster.options import timeout_seconds
from k8sai.cluster.sources import Source
from k8sai.commands import _talk
from k8sai.commands._lists import LISTS, Reading
from k8sai.commands._top_wanted import Wanted
from k8sai.errors import K8saiError
from k8sai.fleet import clusters
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Picture, Scope, take
from k8sai.view import Table

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

PATIENCE = 10.0  # seconds one cluster gets unless --request-timeout says otherwise
_LONGEST = 3600.0  # seconds, where it says that there is no limit
_NOTHING = "(?!)"  # the pattern that matches nothing


@dataclass(frozen=True, slots=True)
class Got:
    """One cluster, and the list that was asked for: its rows and its table, or the `trouble` that kept us from it."""

    context: str
    reading: Reading
    rows: Sequence[Any] = ()
    table: Table | None = None
    trouble: K8saiError | None = None

    @property
    def picture(self) -> Picture:
        return self.reading.picture


def read(wanted: Wanted, contexts: Sequence[str], scope: Scope) -> list[Got]:
    """All clusters, in the order they were named; one that is late has the picture that says so."""
    limit = timeout_seconds(wanted.options.request_timeout) if wanted.options.request_timeout else PATIENCE
    deadline = time.monotonic() + (limit or _LONGEST)
    done: SimpleQueue[Got | Exception] = SimpleQueue()
    for context in contexts:
        Thread(target=_run, args=(context, wanted, scope, done), name=f"k8sai-{context}", daemon=True).start()
    found: dict[str, Got] = {}
    with _talk.Progress(f"reading {len(contexts)} clusters") as progress:
        while len(found) < len(contexts):
            try:
                arrived = done.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                break
            if isinstance(arrived, Exception):
                raise arrived
            found[arrived.context] = arrived
            progress.say(f"waiting for {', '.join(context for context in contexts if context not in found)}")
    late = f"no answer within {limit:g} s", "--request-timeout gives it longer"
    return [found[context] if context in found else _silent(context, wanted, scope, *late) for context in contexts]


def now() -> str:
    """The time, ISO."""
    return stamp(time.time())


def _run(context: str, wanted: Wanted, scope: Scope, done: "SimpleQueue[Got | Exception]") -> None:
    """In the thread. A bug belongs to the main one, where it is reported."""
    try:
        done.put(_listed(context, _read(context, wanted, scope), wanted))
    except K8saiError as error:
        done.put(_silent(context, wanted, scope, error.message, error.hint))
    except Exception as error:
        done.put(error)


def _silent(context: str, wanted: Wanted, scope: Scope, why: str, hint: str) -> Got:
    """Nothing is known of it, and that is its picture."""
    picture = clusters.silent(context, now(), why, hint, scope)
    return _listed(context, Reading(picture, Fleet(), bars=not wanted.plain), wanted)


def _listed(context: str, reading: Reading, wanted: Wanted) -> Got:
    """With its list, made here because some lists ask the server for more."""
    shown = LISTS[wanted.by or "node"]
    try:
        rows = shown.rows(reading)
        return Got(context, reading, rows, shown.table(rows, reading))
    except K8saiError as error:
        return Got(context, reading, trouble=error)


def _read(context: str, wanted: Wanted, scope: Scope) -> Reading:
    from k8sai.cluster.connect import connect
    from k8sai.cluster.live import read_once
    from k8sai.cluster.objects import LiveObjects
    from k8sai.commands._top_once import later_for

    fleet = Fleet()
    later = later_for(wanted, fleet) if wanted.by else None
    connection = connect(replace(wanted.options, context=context), ask=False)
    sources = read_once(connection, fleet if later is None else later)
    here = _here(fleet, scope)
    sources += _meter(wanted, connection, fleet, here)
    picture = take(fleet, context=context, at=now(), sources=sources, scope=here)
    return Reading(picture, fleet, bars=not wanted.plain, ask=lambda: LiveObjects(connection), later=later)


def _meter(wanted: Wanted, connection: "Connection", fleet: Fleet, here: Scope) -> tuple[Source, ...]:
    from k8sai.commands._meters import read_meter

    if wanted.meter is None:
        return ()
    return (read_meter(wanted.meter, connection, fleet, set(here.names or fleet.node_names(here.nodes))),)


def _here(fleet: Fleet, scope: Scope) -> Scope:
    """Of the nodes that were named those that this cluster has; another has the others."""
    if not scope.names:
        return scope
    present = set(fleet.node_names(scope.nodes))
    names = tuple(name for name in scope.names if name in present)
    return replace(scope, names=names, nodes=scope.nodes if names else replace(scope.nodes, text=_NOTHING))
