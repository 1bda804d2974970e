"""`canary status` at work: the object, what the rollout remembers, and what is seen of both sides."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.commands._canary_flags import insist_on_address
from k8sai.commands._canary_place import Place, look
from k8sai.errors import TimedOut

if TYPE_CHECKING:
    from k8sai.canary.measuring.find import Samplers
    from k8sai.canary.shown.look import Look

_EVERY: Final = 2.0  # seconds between two looks while it is waited


@dataclass(frozen=True, slots=True)
class Flags:
    """What was typed; times in seconds."""

    options: Options
    names: tuple[str, ...]
    until: str
    explain: bool
    exit_zero: bool
    prometheus: str
    timeout: float | None
    backend: str
    output: str


def run(flags: Flags) -> int:
    """Look, wait where that is asked for, and show; the exit code."""
    found, place = _looked(flags)
    if flags.output in ("json", "yaml"):
        from k8sai.canary.shown.document import document

        _print.document(document(found, context=place.objects.context), flags.output)
    elif flags.output == "name":
        _print.line(str(found.state.phase) if found.state else "None")
    else:
        _show(found, flags)
    return 0 if flags.exit_zero else int(found.outcome.exit)


def _looked(flags: Flags) -> "tuple[Look, Place]":
    end = None if flags.timeout is None else time.monotonic() + flags.timeout
    insist_on_address(flags.prometheus)
    place = look(flags.options, flags.names, flags.backend)
    samplers = samplers_of(place, flags.prometheus)
    while True:
        with _talk.Progress(f"reading {place.ref.title} of {place.connection.server}"):
            found = seen(place, samplers)
        if not flags.until or reached(found, flags.until):
            return found, place
        if end is not None and time.monotonic() >= end:
            phase = found.state.phase if found.state else "not begun"
            hint = f"`k8sai canary status {place.ref.title}`"
            raise TimedOut(f"--timeout ran out: {place.ref.title} is {phase}", hint)
        time.sleep(_EVERY)
        place = place.again()


def samplers_of(place: Place, prometheus: str) -> "Samplers":
    """For every look of one command; `prometheus` overrules what `start` was told."""
    from k8sai.canary.measuring.find import Samplers

    return Samplers(place.connection, prometheus)


def seen(place: Place, samplers: "Samplers") -> "Look":
    """The rollout of a place."""
    from k8sai.canary.shown.looking import look_at

    return look_at(
        place.ref,
        place.backend,
        place.target,
        place.reading,
        place.writer,
        lambda settings: samplers.of(settings, place.ref.namespace),
    )


def reached(found: "Look", until: str) -> bool:
    """Every end is one, and so is an operator who is lost: what is waited for may never come."""
    from k8sai.canary.facts import ENDED, Phase

    if found.state is None or found.lost:
        return True
    phase = found.state.phase
    return phase in ENDED or phase is Phase.DRIFTED or (until == "paused" and phase is Phase.PAUSED)


def _show(found: "Look", flags: Flags) -> None:
    from k8sai.canary.shown import page

    heading = page.title(found)
    _print.toned(heading.text, heading.tone)
    if around := page.around(found):
        _print.line(around)
    _print.line()
    shown = page.page(found)
    _print.page(shown)
    for note in shown.notes:
        _print.toned(note.text, note.tone)
    for query in found.observed.queries if flags.explain else ():
        _print.line(f"query  {query}")
    if found.outcome.next:
        command = _talk.speak(f"`k8sai {found.outcome.next} -n {found.ref.namespace}`").strip("`")
        _print.line(f"next: {command}")
    _print.flush()
    for gap in page.hidden(found):
        _talk.note(gap)
