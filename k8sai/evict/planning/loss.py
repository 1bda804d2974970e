"""GPU-hours that a stop costs: work since the last checkpoint that counts, the save, the restart. Pure.

lost(t) = G x max(0, t - max(c, a)) / 3600, with G cards, c the moment whose work the newest complete durable checkpoint
holds (when its save began, not when its file was written), a when the attempt had finished restoring. On top come the
seconds that saving and restarting keep G cards from working, and cordoned cards that stand idle.
"""

from dataclasses import dataclass
from typing import Final

from k8sai.evict.contracts.proof import SKEW
from k8sai.evict.facts import Ack, Contract, Proof
from k8sai.evict.plan import Range

RESTART: Final = 300.0  # seconds, where neither the contract nor history says


@dataclass(frozen=True, slots=True)
class Since:
    """The moments, epoch seconds, from which on work is lost: `earliest` makes most of it. `open`: even more may be."""

    earliest: float
    likely: float
    latest: float
    open: bool = False
    why: str = ""


def hours(gpus: float, seconds: float) -> float:
    """GPU-hours; time that runs backwards costs nothing."""
    return gpus * max(0.0, seconds) / 3600


def spent(gpus: float, least: float, likely: float, most: float, open_end: bool = False) -> Range:
    """GPU-hours of so many seconds."""
    return Range(hours(gpus, least), hours(gpus, likely), hours(gpus, most), open_end)


def since(began: float, contract: Contract, now: float, durable: bool | None = None) -> Since:
    """From when on work would be lost. `began` is when the attempt had finished restoring, else when it started."""
    last = contract.last
    if durable is False:
        return Since(began, began, began, True, "its checkpoints lie on storage that goes with the pods")
    if last is not None and last.complete and 0 < (last.snapshot or last.time) <= now + SKEW:
        return _after(last, began)
    if contract.interval is not None:
        return _periodic(began, contract, now)
    return Since(began, began, began, True, "no complete checkpoint is known of")


def _after(last: Ack, began: float) -> Since:
    """A save that does not say when it began may have begun as late as it ended."""
    if last.snapshot:
        moment = max(last.snapshot, began)
        return Since(moment, moment, moment, why="its last checkpoint says so")
    start = max(last.time - last.seconds, began)
    return Since(start, start, max(last.time, began), why="its last checkpoint says when it was done")


def _periodic(began: float, contract: Contract, now: float) -> Since:
    """Somewhere between two saves: one has just been done, or is just about to be."""
    interval, save = contract.interval or 0.0, contract.last.seconds if contract.last else 0.0
    first, middle, last = (max(began, now - save - share * interval) for share in (1.0, 0.5, 0.0))
    return Since(first, middle, last, why="it says how often it saves")


def proven(proof: Proof, began: float) -> Since:
    """After a proof: from the moment whose work the checkpoint holds; it is open where the proof does not date it."""
    moment = max(proof.snapshot or proof.time, began)
    return Since(moment, moment, moment, not (proof.snapshot or proof.time), proof.why)


def loss(
    gpus: float, stop: float, since: Since, *, restart: float | None = None, saving: float = 0.0, idle: float = 0.0
) -> Range:
    """What a stop at the moment `stop` costs. `saving` and `restart` are seconds without work, `idle` GPU-hours."""
    work = spent(gpus, stop - since.latest, stop - since.likely, stop - since.earliest, since.open)
    rest = hours(gpus, saving) + hours(gpus, RESTART if restart is None else restart) + idle
    return work + Range(rest, rest, rest)


def after_save(
    gpus: float, save: float | None, *, pauses: bool, restart: float | None = None, poll: float = 0.0, idle: float = 0.0
) -> Range:
    """What a stop costs that comes after a checkpoint, on request or at its time.

    Saving takes `save` seconds, None: not known. They are lost either way, blocked or worked past the snapshot. Where
    the gang does not pause, up to `poll` seconds go by until it is seen that the save is done.
    """
    late = 0.0 if pauses else poll
    wait = spent(gpus, save or 0.0, (save or 0.0) + late / 2, (save or 0.0) + late, save is None)
    rest = hours(gpus, RESTART if restart is None else restart) + idle
    return wait + Range(rest, rest, rest)
