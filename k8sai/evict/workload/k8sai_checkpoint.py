"""The workload's side of the checkpoint contract of `k8sai evict`. Copy this file to your trainer: it needs Python 3.8.

Somebody asks (by a file, HTTP, a signal, an annotation), all ranks save at the same step, and an answer says which.

    keeper = Checkpoint("/checkpoints", save=write_my_part, every=1000)  # write_my_part(step) -> path of the checkpoint
    start = keeper.restored(load(newest("/checkpoints")))                # the step it goes on from; 0 for none
    for step in range(start + 1, steps + 1):
        train_one_step()
        keeper.step(step)

From a shell: `python k8sai_checkpoint.py request|status|verify|withdraw|wrap`. Times are epoch seconds.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from contextlib import contextmanager, suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Json = dict[str, Any]

POLL = 0.02  # between two looks at a folder
MARKER = "k8sai-complete.json"  # in the folder of a complete checkpoint, or behind the name of its file
TERMINATED = 128 + signal.SIGTERM  # never 0: a Job would take the rank for one that has completed its work
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LOG = "k8sai_checkpoint: {}\n"


@contextmanager
def atomic(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write to that appears under its name when it is whole and on the disk, or not at all."""
    part = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.{threading.get_ident()}.tmp")
    with part.open("wb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def write_json(path: str | Path, value: Json) -> None:
    with atomic(path) as out:
        out.write(json.dumps(value).encode())


def read_json(path: str | Path) -> Json:
    with suppress(OSError, ValueError):
        value = json.loads(Path(path).read_bytes())
        return value if isinstance(value, dict) else {}
    return {}


def names(folder: str | Path) -> list[str]:
    """What is in a folder. A listing, because network file systems answer it anew, and `exists` from memory."""
    with suppress(FileNotFoundError):
        return [one.name for one in Path(folder).iterdir() if not one.name.startswith(".")]
    return []


def wait(look: Callable[[], Any], until: float) -> Any:
    """What `look` finds: the first that is true, or the last before the time has come."""
    while True:
        found = look()
        if found or time.time() > until:
            return found
        time.sleep(POLL)


def moment(said: Any) -> float:
    """Epoch seconds from a number or a text with one, an ISO time, or seconds from now; ten minutes for nothing."""
    try:
        value = float(said or 600)
    except ValueError:
        return datetime.fromisoformat(str(said).replace("Z", "+00:00")).timestamp()
    return value if value > 1e9 else time.time() + value


def environment(keys: str, otherwise: str = "") -> str:
    return next((os.environ[key] for key in keys.split() if os.environ.get(key)), otherwise)


class Mailbox:
    """Requests and answers, a file each, in a folder that every rank and `request` see."""

    def __init__(self, path: str | Path, control: str = "") -> None:
        self.folder = Path(control or environment("K8SAI_CONTROL") or Path(path) / ".k8sai")
        self.asks, self.acks, self.over = self.folder / "ask", self.folder / "ack", {""}
        for made in (self.asks, self.acks):
            made.mkdir(parents=True, exist_ok=True)

    def name(self, id: str) -> str:
        return re.sub(r"[^A-Za-z0-9_-]", "_", id)[:100] + ".json"

    def ask(self, request: Json) -> str:
        """Leave a request. One whose id is known already changes nothing. Raises ValueError."""
        name = self.name(str(request["id"] or ""))
        if name == ".json":
            raise ValueError("a request has an id")
        if name not in names(self.asks) and name not in names(self.acks):
            write_json(self.asks / name, {**request, "deadline": moment(request.get("deadline"))})
        return str(request["id"])

    def withdraw(self, id: str = "") -> None:
        """Take a request back, without an id all: not served any more, and ranks that hold because of it go on."""
        for name in [self.name(id)] if id else names(self.asks):
            with suppress(FileNotFoundError):
                (self.asks / name).unlink()

    def pending(self) -> list[Json]:
        """Requests without a final answer whose deadline has not passed, the oldest first."""
        waiting = []
        for name in set(names(self.asks)) - self.over:
            request, ack = read_json(self.asks / name), read_json(self.acks / name)
            if ack.get("complete") or ack.get("error") or request.get("deadline", 0) < time.time():
                self.over.add(name)
            elif request:
                waiting.append(request)
        return sorted(waiting, key=lambda one: float(one["deadline"]))

    def ack(self, id: str = "") -> Json:
        """The answer to a request so far; without an id what was said last, of whatever request or none."""
        return read_json(self.acks / self.name(id) if id else self.folder / "ack.json")

    def answer(self, ids: list[str], ack: Json) -> Json:
        """Answer requests, and say what is new. A later checkpoint that nobody asked for answers the last one too."""
        for id in ids:
            write_json(self.acks / self.name(id), {**ack, "requestId": id})
        ack = ack if ids else {**ack, "requestId": self.ack().get("requestId", "")}
        write_json(self.folder / "ack.json", ack)
        return ack


class Room:
    """Where the ranks of one attempt agree on a step. Messages are names of files: one listing reads them all.

    Rank 0 proposes the step after its own. In synchronous training nobody has ended that step by then, so all stop
    there; whoever was faster says so, and rank 0 proposes anew. All save, or none does.
    """

    def __init__(self, folder: Path, rank: int, world: int, patience: float, join: float) -> None:
        self.rank, self.world, self.patience = rank, world, patience
        self.at, self.turn, self.heard, self.rest, self.attempt = -1, 0, 0, 0.0, uuid.uuid4().hex[:12]
        self.folder = folder / "room" / self.attempt
        self.mine = f"join.{rank}.{self.attempt}"
        if not wait(lambda: self._enter(folder) if rank else self._open(folder), time.time() + join):
            raise TimeoutError(f"rank {rank} has waited in vain for {'rank 0' if rank else 'the other ranks'}")

    def _open(self, folder: Path) -> bool:
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            write_json(folder / "lead.json", {"attempt": self.attempt})
        joined = names(self.folder)
        if len({name.split(".")[1] for name in joined}) == self.world - 1:
            write_json(self.folder / "all.json", {"members": joined})
            return True
        return False

    def _enter(self, folder: Path) -> bool:
        self.attempt = str(read_json(folder / "lead.json").get("attempt"))
        self.folder = folder / "room" / self.attempt
        with suppress(FileNotFoundError):
            (self.folder / self.mine).touch()
        return self.mine in read_json(self.folder / "all.json").get("members", [])

    def numbers(self, word: str, turn: int) -> list[list[int]]:
        """Of all messages of a turn: of `here.3.1.120` rank 1 and step 120."""
        words = [name.split(".") for name in names(self.folder)]
        return [[int(part) for part in rest[1:]] for first, *rest in words if first == word and int(rest[0]) == turn]

    def _say(self, word: str, at: int = -1) -> None:
        self.at = at
        (self.folder / word).touch()

    def lead(self, step: int, wanted: Callable[[], bool]) -> bool:
        """Rank 0 at the end of a step: whether all save now. `heard` is how many came; 0 where it did not wait."""
        self.heard = 0
        if self.at < 0 and time.time() > self.rest and wanted():
            self._propose(step + 1)
        if self.at < 0 or step < self.at:
            return False
        here = wait(self._gathered, time.time() + self.patience) or self.numbers("here", self.turn)
        self.heard, last = 1 + len(here), max((at for _, at in here), default=step)
        go = self.heard == self.world and last == self.at
        self.rest = 0.0 if go or last > step else time.time() + self.patience  # training goes on in between
        self._say(f"{'go' if go else 'off'}.{self.turn}")
        if last > step:
            self._propose(last + 1)
        return go

    def _propose(self, step: int) -> None:
        self.turn += 1
        self._say(f"at.{self.turn}.{step}", step)

    def _gathered(self) -> list[list[int]]:
        here = self.numbers("here", self.turn)
        return here if len(here) == self.world - 1 or any(at > self.at for _, at in here) else []

    def tidy(self, saved: int) -> None:
        """Messages before a save that all ranks took part in have been read."""
        for name in names(self.folder) if saved == self.world else []:
            if name.split(".")[0] not in ("join", "all"):
                (self.folder / name).unlink()

    def follow(self, step: int) -> bool:
        """Any other rank at the end of a step: whether all save now."""
        calls = [name.split(".")[1:] for name in names(self.folder) if name.startswith("at.")]
        turn, at = max([(int(turn), int(at)) for turn, at in calls], default=(0, 0))
        if turn <= self.turn or step < at:
            return False
        self.turn = turn
        self._say(f"here.{turn}.{self.rank}.{step}")
        heard = {f"go.{turn}", f"off.{turn}"}
        return step == at and f"go.{turn}" in (
            wait(lambda: heard & set(names(self.folder)), time.time() + 2 * self.patience)
        )


class Checkpoint:
    """What a trainer calls at the end of every step, in every rank, with the same numbers.

    `save(step)` writes this rank's part and returns the path of the whole checkpoint. `agree(flag)` is an all-reduce by
    "any" over the ranks (`torch_agree`); without it they meet in the folder, which all share. `shared=False`: each rank
    has a folder of its own and answers for itself. `after`: `continue`; `pause` holds all ranks behind a save that was
    asked for, until SIGTERM, the deadline or a withdrawal; `exit` ends them with 143. SIGUSR1 asks for a checkpoint.
    SIGTERM does too, and ends with 143 behind it, after `grace` seconds in any case. `tell` patches our pod.
    """

    def __init__(self, path: str | Path, save: Callable[[int], Any] | None = None, *, every: int = 0, after: str = "",
                 rank: int = -1, world: int = 0, agree: Callable[[bool], bool] | None = None, shared: bool = True,
                 control: str = "", http: str = "", annotations: str = "", tell: bool = False, patience: float = 60,
                 join: float = 1800, grace: float = 30, signals: bool = True) -> None:  # fmt: skip
        self.path, self.write, self.every, self.agree, self.shared = Path(path), save, every, agree, shared
        self.rank = rank if rank >= 0 else int(environment("RANK OMPI_COMM_WORLD_RANK JOB_COMPLETION_INDEX", "0"))
        self.world = world or int(environment("WORLD_SIZE OMPI_COMM_WORLD_SIZE", "1"))
        self.after = after or environment("K8SAI_AFTER", "continue")
        self.tell = tell or environment("K8SAI_TELL") == "pod"
        self.grace, self.signalled, self.term, self._pid = grace, 0, 0.0, os.getpid()
        self.mail = Mailbox(path, control)
        self.room = Room(self.mail.folder, self.rank, self.world, patience, join) if shared and self.world > 1 else None
        self.attempt = self.room.attempt if self.room else uuid.uuid4().hex[:12]
        self._restored: Json = {}
        self._snapshot, self._heard, self.speaks = 0.0, 0, 1  # how many ranks one part is of
        self._serving: list[Json] = []
        self.port = serve(self.mail, http or environment("K8SAI_HTTP"))
        watch(self.mail, annotations or environment("K8SAI_ANNOTATIONS"))
        if signals and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGUSR1, self._signal)
            signal.signal(signal.SIGTERM, self._signal)

    def _signal(self, number: int, frame: Any) -> None:
        if os.getpid() != self._pid:  # a forked child, a data loader's say: not the one that saves
            if number == signal.SIGTERM:
                os._exit(TERMINATED)
        elif number == signal.SIGTERM:
            self.term = self.term or time.time()
        else:
            self.signalled += 1

    def restored(self, step: int) -> int:
        """Say which step this attempt goes on from (0: from the beginning); returns it."""
        self._restored = {"restoredStep": step, "restoredTime": round(time.time(), 3)}
        if not (self.room and self.rank):
            self._publish({"complete": False, "ranks": 0, "worldSize": self.world, **self.mail.ack(), **self._restored})
        return step

    def folder(self, step: int) -> Path:
        """A new folder for the checkpoint of a step: the same in all ranks, and of no other attempt."""
        made = self.path / f"step-{step:08d}-{self.attempt}"
        made.mkdir(parents=True, exist_ok=True)
        return made

    def step(self, step: int) -> None:
        """The end of a step: saves if it is asked for or due. Raises SystemExit(143) after SIGTERM and `after=exit`."""
        asked = self.asked(step)
        if asked or (self.every and step % self.every == 0):
            self.save(step, asked)
        if self.term and time.time() > self.term + self.grace:
            raise SystemExit(TERMINATED)

    def asked(self, step: int) -> bool:
        """Whether all ranks save now. Every rank must ask, at every step."""
        if self.signalled:  # a signal becomes a request like any other, that every rank sees
            self.signalled = 0
            self.mail.ask({"id": f"_signal-{self.rank}-{time.time():.6f}", "reason": "SIGUSR1"})
        if self.term:
            ending = {"deadline": self.term + self.grace, "after": "pause", "reason": "SIGTERM"}  # all are to end
            self.mail.ask({"id": f"_term-{self.attempt}", **ending})
        if self.agree or not self.room:
            wanted = bool(self.mail.pending())
            return self.agree(wanted) if self.agree else wanted
        if self.rank:
            return self.room.follow(step)
        go = self.room.lead(step, lambda: bool(self.mail.pending()))
        if not go and self.room.heard:  # not all came; the requests stay until their deadlines
            self.begin()
            self._publish({**self._ack(self.room.heard), "step": step})
        return go

    def save(self, step: int, asked: bool = False) -> None:
        """Save now, in all ranks. An error in a save that was asked for is answered, and training goes on."""
        self.begin()
        path, error = "", ""
        try:
            path = str((self.write and self.write(step)) or self.path)
        except Exception as wrong:
            if not asked:
                raise
            error = f"rank {self.rank}: {wrong or type(wrong).__name__}"
            sys.stderr.write(LOG.format(error))
        self.done(step, path, error)

    def begin(self) -> None:
        """The moment whose work the checkpoint holds, and the requests that it will answer."""
        self._snapshot, self._serving = time.time(), self.mail.pending()

    def done(self, step: int, path: str, error: str = "") -> None:
        """This rank's part is durable. Rank 0 waits for all parts, marks the checkpoint as complete and answers."""
        until = max([float(one["deadline"]) for one in self._serving], default=time.time() + 3600)
        if self.room and self.rank:
            write_json(self.room.folder / f"done.{step}.{self.rank}.json", {"error": error})
            ended = self.room.folder / f"end.{step}.json"
            end = wait(lambda: read_json(ended), until + self.room.patience)
        else:
            end = self._close(step, path, error, until)
        if end.get("after") == "exit" or (self.term and self.term <= self._snapshot):
            raise SystemExit(TERMINATED)
        if end.get("after") == "pause":  # nothing is lost when the gang is stopped now
            held = {self.mail.name(id) for id in end["ids"]}
            wait(lambda: self.term or not held & set(names(self.mail.asks)), float(end["until"]))
            if self.term:
                raise SystemExit(TERMINATED)

    def _close(self, step: int, path: str, error: str, until: float) -> Json:
        self._heard = 0
        wait(lambda: self._all_saved(step), until)
        errors = [error, *self._parts(step)]
        wrong = "; ".join(one for one in errors if one)
        ack = {**self._ack(len(errors) * self.speaks), "path": path, **({"step": step} if step >= 0 else {})}
        ack["complete"] = not wrong and (len(errors) == self.world or not self.room)
        if ack["complete"]:
            mark(path, ack)
        if wrong:
            ack["error"] = wrong
        self._publish(ack)
        afters = {str(one.get("after") or self.after) for one in self._serving if ack["complete"]}
        after = next((word for word in ("exit", "pause") if word in afters), "continue")
        end = {"after": after, "until": until, "ids": [one["id"] for one in self._serving]}
        if self.room:
            self.room.tidy(len(errors))
            write_json(self.room.folder / f"end.{step}.json", end)
        return end

    def _all_saved(self, step: int) -> bool:
        heard = 1 + len(self._parts(step))
        if self._heard < heard < self.world and self._serving and self.room:
            self._publish({**self._ack(heard), "step": step})
        self._heard = heard
        return heard == self.world or not self.room

    def _parts(self, step: int) -> list[str]:
        """What the other ranks said when they had saved this step: an error each, "" for none."""
        if not self.room:
            return []
        found = [name for name in names(self.room.folder) if name.startswith(f"done.{step}.")]
        return [str(read_json(self.room.folder / name).get("error", "")) for name in found]

    def _ack(self, ranks: int) -> Json:
        now, served = time.time(), next((one["id"] for one in self._serving if one["id"][0] != "_"), "")  # _: a signal
        ack = {"requestId": served, "time": round(now, 3), "snapshotTime": round(self._snapshot, 3), "complete": False}
        ack.update(ranks=ranks, worldSize=self.world, saveSeconds=round(now - self._snapshot, 3))
        ack.update(self._restored if self.shared else {**self._restored, "rank": self.rank})
        return ack

    def _publish(self, ack: Json) -> None:
        ack = self.mail.answer([str(one["id"]) for one in self._serving], ack)
        if self.tell:
            threading.Thread(target=tell_pod, args=(ack,)).start()


def mark(path: str | Path, ack: Json) -> None:
    """Say in one atomic file that a checkpoint is complete, with the sizes of its files."""
    path = Path(path)
    if path.is_dir():
        files = {str(one.relative_to(path)): one.stat().st_size for one in path.rglob("*") if one.is_file()}
        files.pop(MARKER, None)
        write_json(path / MARKER, {**ack, "files": files})
    elif path.is_file():
        write_json(f"{path}.{MARKER}", {**ack, "files": {"": path.stat().st_size}})


def checkpoints(path: str | Path) -> Iterator[Json]:
    """The complete checkpoints in a folder as they were answered, the newest first; with all their files in full."""
    found = [read_json(one) for one in (*Path(path).glob(f"*/{MARKER}"), *Path(path).glob(f"*.{MARKER}"))]
    for ack in sorted(found, key=lambda one: float(one.get("snapshotTime", 0)), reverse=True):
        files = [(Path(str(ack["path"])) / name, size) for name, size in ack.pop("files", {"": -1}).items()]
        if all(one.exists() and one.stat().st_size == size for one, size in files):
            yield ack


def newest(path: str | Path) -> Json:
    """The newest complete checkpoint in a folder; empty for none."""
    return next(checkpoints(path), {})


def serve(mail: Mailbox, where: str) -> int:
    """POST /checkpoint asks, and again for the answer; GET has the newest; DELETE takes back. `where`: `:8080`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                said = json.loads(self.rfile.read(min(int(self.headers["Content-Length"] or 0), 65536)))
                id = mail.ask(said)
                self.reply(202, mail.ack(id) or {"requestId": id, "complete": False})
            except (ValueError, TypeError, KeyError) as wrong:
                self.reply(400, {"error": f"no request: {wrong}"})

        def do_GET(self) -> None:
            self.reply(200, mail.ack() or {"complete": False})

        def do_DELETE(self) -> None:
            mail.withdraw(self.path.partition("?id=")[2])
            self.reply(200, mail.ack())

        def reply(self, code: int, value: Json) -> None:
            if self.path.split("?")[0] != "/checkpoint":
                code, value = 404, {"error": "only /checkpoint is here"}
            body = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    if not where:
        return 0
    host, _, port = where.rpartition(":")
    server = ThreadingHTTPServer((host or environment("K8SAI_ADDRESS"), int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


def watch(mail: Mailbox, file: str) -> None:
    """Follow the annotation k8sai.dev/request in a file of the downward API: what comes is asked, what goes is not."""

    def look() -> None:
        known: Json = {}
        while True:
            with suppress(OSError, ValueError, SyntaxError, KeyError):
                lines = dict(line.partition("=")[::2] for line in Path(file).read_text().splitlines())
                request = json.loads(ast.literal_eval(lines.get("k8sai.dev/request", "'{}'")) or "{}")
                if known and known != request:
                    mail.withdraw(str(known["id"]))
                if request and known != request:
                    mail.ask(request)
                known = request
            time.sleep(0.5)

    if file:
        threading.Thread(target=look, daemon=True).start()


def tell_pod(ack: Json) -> None:
    """Write k8sai.dev/last-checkpoint on our own pod: needs POD_NAME, POD_NAMESPACE and the right to patch pods."""
    url = (
        "https://{KUBERNETES_SERVICE_HOST}:{KUBERNETES_SERVICE_PORT}/api/v1/namespaces/{POD_NAMESPACE}/pods/{POD_NAME}"
    )
    try:
        patch = {"metadata": {"annotations": {"k8sai.dev/last-checkpoint": json.dumps(ack)}}}
        request = urllib.request.Request(url.format_map(os.environ), json.dumps(patch).encode(), method="PATCH")
        request.add_header("Content-Type", "application/merge-patch+json")
        request.add_header("Authorization", "Bearer " + (ACCOUNT / "token").read_text())
        trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        urllib.request.urlopen(request, timeout=10, context=trust).close()
    except (OSError, KeyError) as wrong:
        sys.stderr.write(LOG.format(f"last-checkpoint is not written: {wrong!r}"))


def torch_agree(asked: bool) -> bool:
    """`agree` for everything on torch.distributed: whether any rank was asked."""
    import torch

    if not torch.distributed.is_initialized():
        return asked
    flag = torch.tensor([int(asked)], device="cuda" if torch.distributed.get_backend() == "nccl" else "cpu")
    torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
    return bool(flag.item())


def hf_callback(path: str = "", **options: Any) -> Any:
    """For `Trainer(callbacks=[hf_callback()])` of transformers: the Trainer saves, into its output_dir."""
    from transformers import TrainerCallback

    class Keeping(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            agree = torch_agree if args.world_size > 1 else None
            ours = {"rank": args.process_index, "world": args.world_size, "agree": agree, **options}
            self.keeper = Checkpoint(path or args.output_dir, **ours)
            self.keeper.restored(state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> Any:
            control.should_save = self.keeper.asked(state.global_step) or control.should_save
            self.keeper.begin()
            return control

        def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            self.keeper.done(state.global_step, str(Path(args.output_dir) / f"checkpoint-{state.global_step}"))

    return Keeping()


def lightning_callback(path: str, **options: Any) -> Any:
    """For `Trainer(callbacks=[lightning_callback("/checkpoints")])` of lightning: `step-N.ckpt` in that folder."""
    from lightning.pytorch import Callback

    class Keeping(Callback):  # type: ignore[misc]
        def on_train_start(self, trainer: Any, module: Any) -> None:
            self.trainer, self.last = trainer, trainer.global_step
            ours = {"rank": trainer.global_rank, "world": trainer.world_size, "agree": self.agree, **options}
            self.keeper = Checkpoint(path, self.save, **ours)
            self.keeper.restored(trainer.global_step)

        def on_train_batch_end(self, trainer: Any, *batch: Any) -> None:
            if trainer.global_step > self.last:  # not within an accumulation
                self.last = trainer.global_step
                self.keeper.step(self.last)

        def agree(self, asked: bool) -> bool:
            return bool(self.trainer.strategy.reduce_boolean_decision(asked, all=False))

        def save(self, step: int) -> str:
            self.trainer.save_checkpoint(f"{path}/step-{step}.ckpt")
            return f"{path}/step-{step}.ckpt"

    return Keeping()


def wrap(path: str, command: list[str], save: list[str], after: str) -> int:
    """Run a program that knows nothing of this. `save` makes it save, however: it ends with 0 when the parts
    of all ranks are durable, and the last line it prints is the answer, {"step": 120, "path": "/checkpoints/120"}.
    `pause` is SIGSTOP for its process group. SIGTERM is passed on. Returns the program's exit code.
    """
    child = subprocess.Popen(command, start_new_session=True)
    keeper = Checkpoint(path, after=after, shared=False)
    keeper.shared, keeper.speaks = True, keeper.world
    while child.poll() is None and not keeper.term:
        asked = keeper.mail.pending() if keeper.rank == 0 else []
        if keeper.signalled and not asked:
            keeper.asked(-1)
        elif asked:
            keeper.begin()
            env = {**os.environ, "K8SAI_REQUEST": str(asked[-1]["id"]), "K8SAI_DEADLINE": str(asked[-1]["deadline"])}
            done = subprocess.run(save, env=env, stdout=subprocess.PIPE)
            said = last_json(done.stdout.decode(errors="replace"))
            error = f"{save[0]} has ended with {done.returncode}" if done.returncode else ""
            if not error and "pause" in {one.get("after") or keeper.after for one in asked}:
                os.killpg(child.pid, signal.SIGSTOP)
            with suppress(SystemExit):
                keeper.done(int(said.get("step", -1)), str(said.get("path") or path), error)
            os.killpg(child.pid, signal.SIGCONT)
        time.sleep(5 * POLL)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
    code = child.wait()
    return code if code >= 0 else 128 - code


def last_json(text: str) -> Json:
    for line in reversed(text.splitlines()):
        with suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                return value
    return {}


def out(value: Json) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def request(mail: Mailbox, asked: Json) -> int:
    """Ask, and print the answer as it comes: the last line is the final one. 0: complete; 1: not, by the deadline."""
    id, until, said = mail.ask(asked), moment(asked["deadline"]), {"complete": False}

    def answered() -> bool:
        ack = mail.ack(id)
        if ack and ack != said:
            out(ack)
            said.clear()
            said.update(ack)
        return bool(ack.get("complete") or ack.get("error"))

    if not wait(answered, until) and "requestId" not in said:
        out({"requestId": id, "complete": False, "error": "nobody has answered by the deadline"})
    return 0 if said["complete"] else 1


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    cut = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(description="Ask a trainer for a checkpoint, and see what it has saved.")
    parser.add_argument("do", choices=("request", "status", "verify", "withdraw", "wrap"))
    parser.add_argument("--path", default=environment("K8SAI_CHECKPOINT_PATH CHECKPOINT_DIR", "/checkpoints"))
    parser.add_argument("--id", default=environment("K8SAI_REQUEST"), help="asking twice with one is asking once")
    parser.add_argument("--deadline", default=environment("K8SAI_DEADLINE"), help="a time, or seconds from now: 600")
    parser.add_argument("--reason", default=environment("K8SAI_REASON"))
    parser.add_argument("--after", default="", choices=("", "continue", "pause", "exit"))
    parser.add_argument("--save", type=shlex.split, default=[], help="wrap: the command that makes the program save")
    said = parser.parse_args(argv[:cut])
    if said.do == "wrap":
        return wrap(said.path, argv[cut + 1 :], said.save, said.after)
    if said.do == "verify":
        found = newest(said.path)
        out(found or {"complete": False, "error": f"no complete checkpoint is in {said.path}"})
        return 0 if found else 1
    mail = Mailbox(said.path)
    if said.do == "request":
        id = said.id or f"hand-{uuid.uuid4().hex[:8]}"
        return request(mail, {"id": id, "deadline": said.deadline, "reason": said.reason, "after": said.after})
    if said.do == "withdraw":
        mail.withdraw(said.id)
    out(mail.ack() or {"complete": False})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
