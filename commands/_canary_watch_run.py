"""`canary watch` at work: full screen on a terminal; else it looks, and shows what has changed."""

import time
from typing import TYPE_CHECKING, Final, Protocol

from k8sai.ages import stamp
from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.commands._canary_flags import insist_on_address
from k8sai.commands._canary_place import look
from k8sai.commands._canary_status_run import reached, samplers_of, seen
from k8sai.commands._screen import has_screen, show
from k8sai.errors import ClusterError, Exit

if TYPE_CHECKING:
    from k8sai.canary.shown.look import Look
    from k8sai.commands._canary_place import Place

_EVERY: Final = 1.0  # seconds between two looks


class _Shown(Protocol):
    """What becomes of each look."""

    def show(self, found: "Look") -> None:
        """As it is now."""


def follow(options: Options, names: tuple[str, ...], backend: str, prometheus: str, output: str) -> int:
    """Until the rollout ends; its exit code. A server that is away is waited for."""
    insist_on_address(prometheus)
    place = look(options, names, backend)
    if output == "screen" and has_screen():
        return _full_screen(options, place, prometheus)
    shown, samplers = _shown(output, place.objects.context), samplers_of(place, prometheus)
    told = ""
    while True:
        try:
            place = place.again()
            found = seen(place, samplers)
        except ClusterError as error:
            if error.message != told:
                _talk.error(f"not up to date: {error.message}")
                told = error.message
        else:
            told = ""
            shown.show(found)
            if reached(found, "terminal"):
                return int(found.outcome.exit)
        time.sleep(_EVERY)


def _full_screen(options: Options, place: "Place", prometheus: str) -> int:
    """What stands at the end is printed, so that it is still there when the screen is not."""
    samplers = samplers_of(place, prometheus)
    found = seen(place, samplers)
    if not reached(found, "terminal"):
        code = _opened(options, found, prometheus)
        if code != Exit.OK:
            return code
        found = seen(place.again(), samplers)
    _Screen().show(found)
    return int(found.outcome.exit)


def _opened(options: Options, found: "Look", prometheus: str) -> int:
    """The pane of the rollout, until it ends or the user leaves."""
    from k8sai.commands._feed import screen_feed
    from k8sai.fleet.index import Fleet
    from k8sai.tui.opening import Opening

    fleet = Fleet()
    feed = screen_feed(options, fleet)
    feed.canaries.prometheus = prometheus
    on = {"rollout": f"{found.ref.namespace}/{found.ref.title}"}
    return show(fleet, feed, Opening(pane="canary", subject=on, ends=True), keeps=False)


def _shown(output: str, context: str) -> _Shown:
    if output == "jsonl":
        return _Documents(context)
    if output == "screen" and _print.on_terminal() and _talk.live():
        return _Screen()
    return _Lines()


class _Screen:
    """The status where it was."""

    def __init__(self) -> None:
        self._painted = 0

    def show(self, found: "Look") -> None:
        from k8sai.canary.shown.page import screen

        self._painted = _print.repaint(screen(found), self._painted)


class _Lines:
    """What there is at first, then what changes."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def show(self, found: "Look") -> None:
        from k8sai.canary.shown.lines import lines

        now = lines(found)
        for key, text in now.items():
            if self._before.get(key) != text:
                _print.line(f"{stamp(found.at)} {found.ref.title} {text}")
        self._before = now


class _Documents:
    """A whole document whenever something but the time is different."""

    def __init__(self, context: str) -> None:
        self._context = context
        self._before: object = None

    def show(self, found: "Look") -> None:
        from k8sai.canary.shown.document import document, lasting

        now = document(found, context=self._context)
        if lasting(now) != self._before:
            _print.json_line(now)
        self._before = lasting(now)
