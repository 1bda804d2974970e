"""One embedded cluster per user that outlives the command which started it: its process, its lock, where to find it.

The lock file is locked for as long as the process lives, so whatever else is in the folder may be stale without harm:
after `kill -9` the lock is free and the next start cleans up.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

from k8sai.errors import ClusterError, Exit, K8saiError, Locked, NotFound, TimedOut, Usage

_FAILURES: dict[int, type[K8saiError]] = {e.exit: e for e in (ClusterError, Locked, NotFound, Usage)}
_STOP_SECONDS = 10.0
_PATIENCE = 0.02  # between two looks at a lock that nobody tells us about


@dataclass(frozen=True, slots=True)
class State:
    """A running embedded cluster. `scenario` is the one it started with."""

    pid: int
    server: str
    scenario: str
    kubeconfig: str
    log: str


def folder() -> Path:
    """Where the state of this user's embedded cluster is; made where it is missing, for the owner only."""
    from platformdirs import user_runtime_path

    with warnings.catch_warnings():  # it warns of a runtime folder that others may read, and takes another
        warnings.simplefilter("ignore")
        path = user_runtime_path("k8sai", appauthor=False) / "sim"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock of this user's embedded cluster. Raises Locked where another process does."""
    with (folder() / "lock").open("a", encoding="utf-8") as file:
        if not _lock(file):
            raise Locked("another embedded cluster of yours is running or starting", "`k8sai sim status` shows it")
        yield


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def alive() -> bool:
    """An embedded cluster of this user is running or starting."""
    with (folder() / "lock").open("a", encoding="utf-8") as file:
        return not _lock(file)


def running() -> State | None:
    """The one that is running, or None; None as well while it is still starting."""
    if not alive():
        return None
    try:
        found = json.loads((folder() / "state.json").read_text(encoding="utf-8"))
        return State(**{f.name: found[f.name] for f in fields(State)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(state: State) -> None:
    """Write down where it is."""
    from k8sai.sim.kubeconfig import write_private

    write_private(folder() / "state.json", json.dumps(asdict(state)))


def forget() -> None:
    """What the folder says about an embedded cluster that is gone."""
    for name in ("state.json", "kubeconfig"):
        (folder() / name).unlink(missing_ok=True)


def ask(state: State, path: str, body: bytes | None = None) -> dict[str, Any]:
    """Its answer to one of our own requests. Raises ClusterError, and Usage for a scenario it refuses."""
    request = urllib.request.Request(state.server + path, data=body, method="GET" if body is None else "POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of our loopback
    try:
        with opener.open(request) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        with error:
            text = error.read().decode(errors="replace")
        if error.code != 400:
            raise ClusterError(
                f"the embedded cluster failed: {text or error.reason}", f"its log: {state.log}"
            ) from error
        raise Usage(str(json.loads(text)["message"])) from error
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"the embedded cluster at {state.server} does not answer: {getattr(error, 'reason', error)}",
            "`k8sai sim down`, then `k8sai sim up`",
        ) from error


def stop(state: State) -> None:
    """Ask it to end and wait until it has. Raises TimedOut."""
    try:
        os.kill(state.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    end = time.monotonic() + _STOP_SECONDS
    while alive():
        if time.monotonic() > end:
            raise TimedOut(f"the embedded cluster (process {state.pid}) has not ended within {_STOP_SECONDS:g} s")
        time.sleep(_PATIENCE)


# --- starting it ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """What to start; `kubeconfig` is a path, empty for the one in the state folder."""

    scenario: str = "demo"
    nodes: int | None = None
    port: int = 0
    speed: float = 1.0
    kubeconfig: str = ""
    rbac: bool = False
    processes: bool = False


def start_detached(order: Order, said: Callable[[str, int, int], None]) -> State:
    """Start it as a process of its own and return once it answers; `said` hears how far the load is.

    Raises what the start raised: Usage, NotFound, Locked; ClusterError where the process just died.
    """
    log = folder() / "log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "k8sai.sim.background", json.dumps(asdict(order))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            cwd="/",
        )
    assert process.stdout is not None
    try:
        with process.stdout as news:
            for line in news:
                told = json.loads(line)
                if "state" in told:
                    return State(**told["state"])
                if "error" in told:
                    raise _FAILURES.get(told["exit"], ClusterError)(told["error"], told["hint"])
                said(told["what"], told["done"], told["of"])
    except KeyboardInterrupt:
        process.terminate()
        raise
    code = process.wait()
    last = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    raise ClusterError(f"the embedded cluster ended while it started (exit code {code}): {last}", f"its log: {log}")


def kubeconfig_path(order: Order) -> Path:
    """Where its kubeconfig goes."""
    return Path(order.kubeconfig).absolute() if order.kubeconfig else folder() / "kubeconfig"


def run(
    order: Order, ready: Callable[[State], None], wait: Callable[[], object], said: Callable[[str, int, int], None]
) -> None:
    """Run it in this process: `ready` when it answers, then `wait` decides how long. Raises what a start raises."""
    from k8sai.sim.cluster import Sim

    with only_one():
        forget()
        sim = Sim(
            order.scenario,
            port=order.port,
            nodes=order.nodes,
            speed=order.speed,
            rbac=order.rbac,
            processes=order.processes,
            said=said,
        )
        path = kubeconfig_path(order)
        with sim:
            sim.write_kubeconfig(path)
            state = State(os.getpid(), sim.server, sim.scenario, str(path), str(folder() / "log"))
            remember(state)
            try:
                ready(state)
                wait()
            finally:
                forget()


def main(argv: list[str]) -> int:
    """The detached process: news as JSON lines on stdout until it is ready, then silence."""
    import logging
    import threading

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())

    def tell(**news: object) -> None:
        try:
            sys.stdout.write(json.dumps(news) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:  # whoever started us has gone: that is no reason to stop
            _silence()

    def ready(state: State) -> None:
        tell(state=asdict(state))
        _silence()

    try:
        order = Order(**json.loads(argv[0]))
        run(order, ready, ended.wait, lambda what, done, of: tell(what=what, done=done, of=of))
    except K8saiError as error:
        tell(error=error.message, hint=error.hint, exit=int(error.exit))
        return int(error.exit)
    return int(Exit.OK)


def _silence() -> None:
    """Nobody reads stdout from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
