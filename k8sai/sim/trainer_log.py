"""What the ranks of `trainer` did when, a line each, and the work that was lost: a plan's estimate is held against it.

    {"event": "start" | "restored" | "step" | "saved", "step": 120, "time": 1795321520.546}

Times are epoch seconds of this machine.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Log:
    """One rank's log; it is never emptied, so that it tells of all attempts."""

    def __init__(self, path: Path, rank: int) -> None:
        self._out = _file(path, rank).open("a", buffering=1, encoding="utf-8")
        self.write("start", 0)

    def write(self, event: str, step: int) -> None:
        self._out.write(json.dumps({"event": event, "step": step, "time": time.time()}) + "\n")


@dataclass(frozen=True, slots=True)
class Lost:
    """The work between the step that a new attempt went on from, and the last one that was done before it.

    `done` is that last step, `restored` the other. `seconds` is how long the steps between them took, saves included,
    `away` the time from the last step to the end of restoring.
    """

    done: int
    restored: int
    seconds: float
    away: float

    @property
    def steps(self) -> int:
        return self.done - self.restored


def _file(path: Path, rank: int) -> Path:
    return path / f"steps-{rank}.jsonl"


def lines(path: Path, rank: int = 0) -> list[dict[str, Any]]:
    """All that a rank has done. A line that was cut off by its death is left out."""
    found = []
    for line in _file(path, rank).read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def losses(path: Path, rank: int = 0) -> list[Lost]:
    """One for each time that this rank was started again."""
    found: list[Lost] = []
    done: list[tuple[int, float]] = []
    began = 0.0
    for line in lines(path, rank):
        step, at = int(line["step"]), float(line["time"])
        if line["event"] == "step":
            done.append((step, at))
        elif line["event"] == "restored":
            if done:
                found.append(_lost(done, step, at, began))
            done = [one for one in done if one[0] <= step]
            began = began or at
    return found


def _lost(done: list[tuple[int, float]], restored: int, at: float, began: float) -> Lost:
    last, stopped = done[-1]
    since = max((when for step, when in done if step <= restored), default=began)
    return Lost(last, restored, stopped - since, at - stopped)
