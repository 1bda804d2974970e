"""`canary list` at work: once, or again every two seconds where it is watched."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.ages import stamp
from k8sai.canary.facts import Json
from k8sai.canary.keeping.listing import CONFIG_MAPS, Listed, rollouts
from k8sai.canary.shown import listed
from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading, Unseen
from k8sai.commands import _print, _talk
from k8sai.errors import ClusterError, Exit, Forbidden
from k8sai.view import Note, Page

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_EVERY: Final = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Wish:
    """The flags."""

    options: Options
    everywhere: bool
    watch: bool
    output: str


@dataclass(frozen=True, slots=True)
class Looked:
    """Everything at one moment."""

    at: float
    found: tuple[Listed, ...]
    hidden: tuple[Unseen, ...]


def run(wish: Wish) -> int:
    """The exit code."""
    connection = connect(wish.options)
    looked = _look(connection, wish)
    if wish.watch:
        _follow(connection, wish, looked)
    if wish.output in ("json", "yaml"):
        _print.document(_document(connection, looked), wish.output)
    elif wish.output == "name":
        _print.names("", (listed.title(one) for one in looked.found))
    elif looked.found:
        _print.page(_page(looked, wish), wide=wish.output == "wide")
    _print.flush()
    if wish.output in ("table", "wide"):
        _say(connection, wish, looked)
    return Exit.PARTIAL if looked.hidden or any(one.trouble for one in looked.found) else Exit.OK


def _look(connection: "Connection", wish: Wish) -> Looked:
    """Raises Forbidden, ClusterError where the states may not be read: there is nothing to say."""
    reading = Reading(LiveObjects(connection))
    found = rollouts(reading, "" if wish.everywhere else connection.namespace, time.time())
    if (refused := reading.refusal(CONFIG_MAPS)) is not None:
        raise refused
    return Looked(time.time(), found, reading.hidden)


def _page(looked: Looked, wish: Wish) -> Page:
    return Page((listed.table(looked.found, looked.at, namespaces=wish.everywhere),))


def _document(connection: "Connection", looked: Looked) -> Json:
    made = listed.heading("CanaryList", looked.at, connection.context, looked.hidden)
    return {**made, "canaries": listed.rollouts(looked.found)}


def _say(connection: "Connection", wish: Wish, looked: Looked) -> None:
    if not looked.found:
        where = connection.context if wish.everywhere else f"namespace {connection.namespace}"
        _talk.note(Note(f"no canary in {where}"))
    for one in looked.found:
        where = f"{listed.title(one)} -n {one.namespace}"
        if one.trouble:
            hint = f"`k8sai canary forget {where} --force`"
            _talk.note(Note(f"{listed.title(one)}: its state is not understood: {one.trouble}", "warn", hint))
        if one.lost:
            _talk.note(Note(f"{listed.title(one)} has lost its operator", "bad", f"`k8sai canary run {where}`"))
    for gap in looked.hidden:
        _talk.note(Note(f"{gap.what} could not be read: {gap.why}", "warn", gap.hint))


# --- watching ---------------------------------------------------------------------------------------------------------


def _follow(connection: "Connection", wish: Wish, looked: Looked) -> None:
    """Until Ctrl-C; what cannot be read now is tried again."""
    in_place = wish.output != "json" and _print.on_terminal() and _talk.live()
    painted, before, trouble = 0, None, ""
    while True:
        now = listed.lasting(listed.rollouts(looked.found))
        if in_place:
            painted = _print.repaint(_page(looked, wish), painted, wide=wish.output == "wide")
        elif now != before:
            _changes(connection, wish, looked, before)
        before = now
        time.sleep(_EVERY)
        try:
            looked, trouble = _look(connection, wish), ""
        except (ClusterError, Forbidden) as error:
            if error.message != trouble:
                _talk.note(Note(f"not up to date: {error.message}", "warn"))
            trouble = error.message


def _changes(connection: "Connection", wish: Wish, looked: Looked, before: "list[Json] | None") -> None:
    if wish.output == "json":
        _print.json_line(_document(connection, looked))
    elif before is None:
        _print.page(_page(looked, wish), wide=wish.output == "wide")
    else:
        for one in listed.lasting(listed.rollouts(looked.found)):
            if one not in before:
                lost = ", operator lost" if one["lost"] else ""
                _print.line(f"{stamp(looked.at)} {one['target']}: {one['phase']}{lost} {one['weights']['set']} %")
        kept = {(one["namespace"], one["target"]) for one in listed.rollouts(looked.found)}
        for one in before:
            if (one["namespace"], one["target"]) not in kept:
                _print.line(f"{stamp(looked.at)} {one['target']}: forgotten")
    _print.flush()
