"""`evict boost` at work: look, say, publish; with -w again and again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.commands._evict_site import Site, interruptible
from k8sai.errors import Exit
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.evict.running.boosting import Boosted, Wanted


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed. `every` is in seconds; 0: once."""

    options: Options
    everywhere: bool
    selector: str
    most: int
    interval: float
    clear: bool
    dry_run: bool
    every: float
    output: str


def run(asked: Asked) -> int:
    """The exit code."""
    from k8sai.evict.running.boosting import Wanted

    site = Site(asked.options)
    namespace = "" if asked.everywhere else site.connection.namespace
    wanted = Wanted(namespace, asked.selector, asked.most, asked.interval, asked.clear)
    if not asked.clear:
        gate = "Kueue goes by it with its feature gate PriorityBoost alone (alpha, off): without it nothing happens"
        _talk.note(Note(gate, "plain"))
    if not asked.every:
        _round(site, wanted, asked)
        return 0
    with interruptible() as stop:
        while not stop.is_set():
            _told(site, wanted, asked)
            stop.wait(asked.every)
    return Exit.INTERRUPT


def _round(site: Site, wanted: "Wanted", asked: Asked) -> None:
    """Shown, then written."""
    from k8sai.cluster.reading import Reading
    from k8sai.evict.running.boosting import boosts, changing
    from k8sai.evict.shown.boosts import document, page

    read, now = Reading(site.objects), site.now()
    found = boosts(read, wanted, now)
    hidden = [(gap.what, gap.why) for gap in read.hidden]
    if asked.output in ("json", "yaml"):
        made = document(found, context=site.connection.context, at=now, hidden=hidden)
        _print.document(made, asked.output)
    elif found:
        _print.page(page(found))
    else:
        _talk.note(Note("no Workload has or gets a boost", "plain"))
    _print.flush()
    for what, why in hidden:
        _talk.note(Note(f"{what} could not be read: {why}", "warn"))
    if not asked.dry_run:
        for one in changing(found):
            _written(site, one)


def _told(site: Site, wanted: "Wanted", asked: Asked) -> None:
    """A line per change. A server that does not answer now is asked again at the next round."""
    from k8sai.ages import stamp
    from k8sai.cluster.api_errors import Unavailable
    from k8sai.cluster.reading import Reading
    from k8sai.evict.running.boosting import boosts, changing

    try:
        for one in changing(boosts(Reading(site.objects), wanted, site.now())):
            if asked.dry_run or _written(site, one):
                meta = one.workload["metadata"]
                change = f"{one.before or 'none'} -> {one.value or 'none'}"
                _print.line(
                    _talk.one_line(f"{stamp(site.now())} {meta['namespace']}/{meta['name']}: {change}, {one.why}")
                )
        _print.flush()
    except Unavailable as error:
        _talk.note(Note(f"{error.message}: tried again", "warn"))


def _written(site: Site, one: "Boosted") -> bool:
    """False where it is another by now: the next round looks again."""
    from k8sai.cluster.api_errors import ApiConflict
    from k8sai.cluster.patching import Stale
    from k8sai.errors import NotFound
    from k8sai.evict.running.boosting import publish

    try:
        publish(site.connection, site.writer, one)
    except (Stale, ApiConflict, NotFound) as error:
        _talk.note(Note(error.message, "warn", "the same command again looks anew"))
        return False
    return True
