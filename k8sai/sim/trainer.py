"""A training that is none: real processes that step together, save parts and go on from the newest complete checkpoint.

    RANK=0 WORLD_SIZE=2 python -m k8sai.sim.trainer --path /tmp/run --step-seconds 0.1 --every 100

One process is one rank. Ranks wait for each other at every step, as they do for a gradient: when one is gone, the
others hang. What was done when is in `trainer_log`. It speaks the checkpoint contract by the file that users copy, or
does one thing wrong (`FAULTS`). Exit code 0 after all steps, 143 after SIGTERM.
"""

import argparse
import json
import mmap
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

from k8sai.evict.workload.k8sai_checkpoint import Checkpoint, Mailbox, atomic, checkpoints, environment
from k8sai.sim.trainer_log import Log
from k8sai.sim.trainer_tell import Telling

FAULTS: Final = {
    "crash": "the bad rank ends with 1 half-way through a part that was asked for",
    "hang": "the bad rank never ends such a part",
    "partial": "the bad rank's disk is full half-way through such a part",
    "slow": "such a part takes the bad rank --slow-seconds",
    "mute": "the bad rank trains, and never hears that a checkpoint is asked for",
    "dead": "the bad rank is killed when a checkpoint is asked for, or at --fault-at",
    "stale": "after three checkpoints none is saved any more, and the answer is the oldest with a new marker",
    "torn": "a part is cut off behind the marker",
    "exit0": "all ranks end with 0 behind a checkpoint that was asked for",
    "forgetful": "it goes on from the oldest checkpoint that is left",
}
Json = dict[str, Any]
_POLL: Final = 0.001


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m k8sai.sim.trainer", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--path", default=environment("K8SAI_CHECKPOINT_PATH CHECKPOINT_DIR", "checkpoints"))
    parser.add_argument("--steps", type=int, default=0, help="0: for ever")
    parser.add_argument("--step-seconds", type=float, default=0.1)
    parser.add_argument("--every", type=int, default=0, help="steps between two checkpoints that nobody asked for")
    parser.add_argument("--save-seconds", type=float, default=0.0)
    parser.add_argument("--slow-seconds", type=float, default=30.0)
    parser.add_argument("--bytes", type=int, default=4096, help="of one part")
    parser.add_argument("--keep", type=int, default=3, help="checkpoints that are left")
    parser.add_argument("--after", default="", choices=("", "continue", "pause", "exit"))
    parser.add_argument("--http", default="", help=":8080")
    parser.add_argument("--grace", type=float, default=30.0)
    parser.add_argument("--patience", type=float, default=60.0)
    parser.add_argument("--join", type=float, default=600.0, help="seconds to wait for the other ranks at the start")
    parser.add_argument("--deaf", action="store_true", help="no handlers: signals kill, requests are not heard")
    parser.add_argument("--fault", default="", choices=("", *FAULTS), metavar="|".join(FAULTS))
    parser.add_argument("--bad-rank", type=int, default=-1, help="-1: the last")
    parser.add_argument("--fault-at", type=int, default=-1, help="the step of `dead` and `crash`; -1: when asked")
    return parser


class Lockstep:
    """Eight bytes per rank in one file: the step it has done. A rank goes on when all have done it."""

    def __init__(self, file: Path, rank: int, world: int) -> None:
        self._rank, self._world = rank, world
        with file.open("ab") as made:
            made.truncate(8 * world)
        with file.open("r+b") as kept:
            self._steps = mmap.mmap(kept.fileno(), 8 * world)

    def meet(self, step: int) -> None:
        """Wait until every rank has done this step."""
        place = 8 * self._rank
        self._steps[place : place + 8] = step.to_bytes(8, "little")
        while min(int.from_bytes(self._steps[n : n + 8], "little") for n in range(0, 8 * self._world, 8)) < step:
            time.sleep(_POLL)


class Tearing(Mailbox):
    """Answers that all is there, and cuts off a part before."""

    def answer(self, ids: list[str], ack: Json) -> Json:
        if ids and ack["complete"]:
            tear(Path(ack["path"]) / "rank-0.part")
        return super().answer(ids, ack)


class Trainer:
    """One rank. `state` is a number that depends on every step that was done, in their order."""

    def __init__(self, wish: argparse.Namespace) -> None:
        self.wish = wish
        self.path = Path(wish.path).resolve()  # the next attempt finds it by another way
        self.path.mkdir(parents=True, exist_ok=True)
        self.keeper = Checkpoint(
            self.path,
            self.write,
            after=wish.after,
            control=str(self.path / ".deaf") if wish.deaf else "",
            http=wish.http,
            grace=wish.grace,
            patience=wish.patience,
            join=wish.join,
            signals=not wish.deaf,
        )
        if wish.fault == "torn":
            self.keeper.mail = Tearing(self.path)
        elif os.environ.get("K8SAI_SERVER"):
            self.keeper.mail = Telling(self.path)
        self.rank, self.world = self.keeper.rank, self.keeper.world
        self.bad = self.rank == (wish.bad_rank if wish.bad_rank >= 0 else self.world - 1)
        self.log = Log(self.path, self.rank)
        self.step, self.state, self.asked = 0, 0, False
        if self.keeper.port:
            self.say(f"listens on port {self.keeper.port}")
        room = self.keeper.room
        self.peers = Lockstep(room.folder / ".lockstep", self.rank, self.world) if room else None

    def run(self) -> int:
        """Train until all steps are done; the exit code."""
        self.restore()
        due = time.monotonic()
        while self.step < self.wish.steps or not self.wish.steps:
            due += self.wish.step_seconds
            time.sleep(max(0.0, due - time.monotonic()))
            self.train()
            if self.end_of_step():
                due = time.monotonic()
        self.say(f"done after step {self.step}")
        return 0

    def train(self) -> None:
        """One step, with all other ranks."""
        self.step += 1
        if self.fault("dead", self.step == self.wish.fault_at):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault("crash", self.step == self.wish.fault_at):
            raise SystemExit(1)
        if self.peers:
            self.peers.meet(self.step)
        self.state = advance(self.state, self.step)
        self.log.write("step", self.step)
        self.say(f"step {self.step}")

    def end_of_step(self) -> bool:
        """What a trainer writes as `keeper.step(step)`, with something wrong in it; whether it took time."""
        self.die_when_asked()
        self.asked = not self.fault("mute") and self.keeper.asked(self.step)
        if self.asked and self.wish.fault == "stale":
            self.answer_with_an_old_one()
        elif self.asked or self.due():
            self.save()
        else:
            if self.keeper.term and time.time() > self.keeper.term + self.wish.grace:
                raise SystemExit(143)
            return False
        return True

    def due(self) -> bool:
        """A checkpoint is due that nobody asked for."""
        every = self.wish.every
        last = 3 * every if self.wish.fault == "stale" else self.step
        return bool(every) and self.step % every == 0 and self.step <= last

    def save(self) -> None:
        """Save, and leave as many checkpoints as are to be kept."""
        try:
            self.keeper.save(self.step, self.asked)
        finally:
            if self.rank == 0:
                self.prune()
            if self.asked and self.wish.fault == "exit0":
                raise SystemExit(0)

    def write(self, step: int) -> Path:
        """This rank's part: half of it, the time it takes, the other half."""
        folder = self.keeper.folder(step)
        head = json.dumps({"step": step, "rank": self.rank, "state": self.state, "size": self.wish.bytes}).encode()
        part = folder / f"rank-{self.rank}.part"
        with atomic(part) as out:
            out.write(head + b"\n" + b"\0" * (self.wish.bytes // 2))
            out.flush()
            self.half_way()
            out.write(b"\0" * (self.wish.bytes - self.wish.bytes // 2))
        self.log.write("saved", step)
        self.say(f"saved step {step}")
        return folder

    def half_way(self) -> None:
        if self.fault("crash", self.asked and self.wish.fault_at < 0):
            os._exit(1)
        if self.fault("partial", self.asked):
            raise OSError(28, "No space left on device")
        while self.fault("hang", self.asked):
            time.sleep(60)
        time.sleep(self.wish.slow_seconds if self.fault("slow", self.asked) else self.wish.save_seconds)

    def die_when_asked(self) -> None:
        if self.fault("dead", self.wish.fault_at < 0) and self.keeper.mail.pending():
            os.kill(os.getpid(), signal.SIGKILL)

    def answer_with_an_old_one(self) -> None:
        old: Json = list(checkpoints(self.path))[-1]
        self.keeper.begin()
        self.keeper.done(int(old["step"]), str(old["path"]))

    def fault(self, name: str, now: bool = True) -> bool:
        return self.bad and self.wish.fault == name and now

    def restore(self) -> None:
        """Go on from the newest complete checkpoint whose part of this rank can be read."""
        found = list(checkpoints(self.path))
        for one in found[::-1] if self.wish.fault == "forgetful" else found:
            head = read_part(Path(one["path"]) / f"rank-{self.rank}.part")
            if head:
                self.step, self.state = int(head["step"]), int(head["state"])
                break
        self.keeper.restored(self.step)
        self.log.write("restored", self.step)
        self.say(f"restored step {self.step}" if self.step else "started from the beginning")

    def prune(self) -> None:
        for one in list(checkpoints(self.path))[max(1, self.wish.keep) :]:
            shutil.rmtree(one["path"], ignore_errors=True)

    def say(self, text: str) -> None:
        sys.stdout.write(f"rank {self.rank} of {self.world}: {text}\n")
        sys.stdout.flush()


def advance(state: int, step: int) -> int:
    """The state after a step: another order or another number of steps gives another state."""
    return (state * 6364136223846793005 + step) % 2**64


def read_part(file: Path) -> Json:
    """What a part says of itself, empty where it is not whole."""
    try:
        head, _, body = file.read_bytes().partition(b"\n")
        said: Json = json.loads(head)
    except (OSError, ValueError):
        return {}
    return said if len(body) == said["size"] else {}


def tear(file: Path) -> None:
    with file.open("r+b") as part:
        part.truncate(file.stat().st_size // 2)


def main(argv: list[str] | None = None) -> int:
    return Trainer(arguments().parse_args(argv)).run()


if __name__ == "__main__":
    raise SystemExit(main())
