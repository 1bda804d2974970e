"""One write on an object of a cluster as a value: what is merged into which state of it, and why; and carrying it out.

A write is bound to the uid and resourceVersion it was thought up for, so that nothing is decided on what has changed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from k8sai.cluster.api_errors import ApiConflict, Unavailable
from k8sai.cluster.writing import Target, Writer, Written
from k8sai.errors import Drift
from k8sai.merge_patch import merged
from k8sai.queues.facts import Json

TRIES = 5  # of one write, where its answers are lost or others write as well
_PAUSE = 0.2  # seconds before the first look at what became of a try; twice as many before the next


@dataclass(frozen=True, slots=True)
class Change:
    """`patch` (RFC 7396: null takes a field away) is merged into `live`, the object as it was read."""

    target: Target
    live: Json
    patch: Json
    why: str

    @property
    def uid(self) -> str:
        return str(self.live["metadata"].get("uid") or "")

    @property
    def version(self) -> str:
        return str(self.live["metadata"].get("resourceVersion") or "")

    @property
    def result(self) -> Json:
        """The object as it would be."""
        found: Json = merged(self.live, self.patch)
        return found

    @property
    def idle(self) -> bool:
        """Nothing would change."""
        return bool(self.result == self.live)

    def stands_in(self, obj: Json) -> bool:
        """The object has all that is to be written."""
        return bool(merged(obj, self.patch) == obj)

    def fits_on(self, obj: Json) -> bool:
        """The fields that are written have the values they had, whatever else has changed."""
        return bool(merged(obj, _selected(self.live, self.patch)) == obj)


def _selected(live: Any, patch: Any) -> Any:
    """The patch that would bring the fields of `patch` back to what they are in `live`."""
    if not isinstance(patch, dict):
        return live
    known = live if isinstance(live, dict) else {}
    return {key: _selected(known.get(key), part) for key, part in patch.items()}


def patience(failures: int) -> float:
    """Seconds to wait after so many failures in a row, from 1."""
    return float(_PAUSE * 2 ** (failures - 1))


def write(writer: Writer, change: Change, *, dry_run: bool = False) -> Written:
    """Once. Raises what `Writer.merge` raises: ApiConflict where the object has changed since it was read."""
    return writer.merge(change.target, change.patch, uid=change.uid, version=change.version, dry_run=dry_run)


def carry_out(
    writer: Writer, change: Change, *, dry_run: bool = False, pause: Callable[[float], None] = time.sleep
) -> Written:
    """Until it stands, also where answers are lost: what became of a try is read off the object. Nothing to change is
    nothing to write.

    Raises Drift where somebody else wrote the same fields or the object is another one; the last error after TRIES.
    """
    if change.idle:
        return Written(change.live)
    for left in range(TRIES - 1, -1, -1):
        try:
            return write(writer, change, dry_run=dry_run)
        except (ApiConflict, Unavailable):
            if not left:
                raise
            pause(patience(TRIES - left))
        live = writer.live(change.target)
        if live is None or live["metadata"].get("uid") != change.uid:
            raise Drift(f"{change.target.ref} was deleted meanwhile", "see what is there, then repeat")
        if change.stands_in(live):
            return Written(live)
        if not change.fits_on(live):
            raise Drift(f"somebody else changed {change.target.ref} meanwhile", "see what it is now, then repeat")
        change = replace(change, live=live)
    raise AssertionError("the last try returns or raises")
