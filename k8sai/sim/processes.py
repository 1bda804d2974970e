"""Pods as real processes of this machine: only where whoever started the cluster allowed it, and never without.

A pod says with an annotation what its first container runs; the kubelet starts, signals and ends it here. Each lives in
its pod's folder (`pod_folder`) below the cluster's temporary one, behind a shim that takes it along when the cluster
ends, however it ends.
    sim.k8sai.dev/process   a JSON list of words, or `true` for the container's own command and args
"""

import asyncio
import contextlib
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from k8sai.sim import shim
from k8sai.sim.objects import Obj, uid_of
from k8sai.sim.pod_env import environment
from k8sai.sim.pod_folder import PodFolder
from k8sai.sim.store import Store

PROCESS = "sim.k8sai.dev/process"
Ended = Callable[[int], None]


def wanted(pod: Obj) -> list[str]:
    """The words a pod shall run; empty where it asks for none, or for nothing that can be understood."""
    text = (pod["metadata"].get("annotations") or {}).get(PROCESS, "")
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return []
    if found is True:
        container = pod["spec"]["containers"][0]
        return [*(container.get("command") or ()), *(container.get("args") or ())]
    return found if isinstance(found, list) and all(isinstance(word, str) for word in found) else []


@dataclass(slots=True)
class Running:
    """A command behind its shim. `pid` is 0 until it is known; `code` -1 until it has ended."""

    process: "subprocess.Popen[bytes]"
    control: socket.socket
    ended: Ended
    failed: Callable[[str], None]
    pid: int = 0
    code: int = -1
    rest: bytes = b""

    def tell(self, line: str) -> None:
        """Say something to the shim; it may be gone."""
        with contextlib.suppress(OSError):
            self.control.sendall(f"{line}\n".encode())


@dataclass(slots=True)
class _Home:
    """What a pod has: its folder, its command, those that were executed beside it."""

    folder: PodFolder
    address: str
    main: Running | None = None
    others: list[Running] = field(default_factory=list)
    left: bool = False  # the pod is gone: so is the folder, as soon as nothing runs in it

    def all(self) -> list[Running]:
        """Everything that was started and may still run."""
        return [*self.others, *([self.main] if self.main else ())]

    def clear(self) -> None:
        """Take the folder away when the pod has gone and the last process too."""
        if self.left and all(one.process.returncode is not None for one in self.all()):
            self.folder.remove()


class Processes:
    """All of one cluster; used on its event loop's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, store: Store) -> None:
        self._loop, self._store = loop, store
        self.server = ""  # where pods reach the API server, as soon as it listens
        self._place = Path(tempfile.mkdtemp(prefix="k8sai-sim-"))
        self._homes: dict[str, _Home] = {}
        self._network, self._addresses = random.SystemRandom().randrange(2, 250), 0

    # what the kubelet asks for

    def start(self, pod: Obj, ended: Ended, failed: Callable[[str], None]) -> str:
        """Run the pod's command; the address it may listen on.

        `ended` hears the exit code, `failed` why it never ran.
        """
        home = self._homes.get(uid_of(pod))
        if home is None:
            folder = PodFolder(self._place, pod, self._store.find)
            home = self._homes[uid_of(pod)] = _Home(folder, self._address())
        home.folder.make(pod)
        with (home.folder.logs / "log").open("ab") as log:
            home.main = self._run(home, pod, "container", wanted(pod), None, log, log, ended, failed)
        return home.address

    def has(self, uid: str) -> bool:
        """The pod runs as a process."""
        home = self._homes.get(uid)
        return home is not None and home.main is not None and home.main.code < 0

    def stop(self, pod: Obj) -> None:
        """The pod's preStop hook, then SIGTERM for its first process, as at its deletion."""
        home = self._homes.get(uid_of(pod))
        if home is None or home.main is None:
            return
        main = home.main
        lifecycle = pod["spec"]["containers"][0].get("lifecycle") or {}
        hook = ((lifecycle.get("preStop") or {}).get("exec") or {}).get("command")
        if not hook:
            main.tell(f"signal {int(signal.SIGTERM)}")
            return

        def after(_: object) -> None:
            main.tell(f"signal {int(signal.SIGTERM)}")

        with (home.folder.logs / "log").open("ab") as log:
            home.others.append(self._run(home, pod, "exec", hook, None, log, log, after, after))

    def kill(self, uid: str) -> None:
        """SIGKILL for everything of the pod."""
        home = self._homes.get(uid)
        if home is not None:
            for running in home.all():
                running.tell("kill")

    def forget(self, uid: str) -> None:
        """The pod is gone: its processes and its folder too."""
        self.kill(uid)
        home = self._homes.pop(uid, None)
        if home is not None:
            home.left = True
            home.clear()

    def refresh(self, pod: Obj) -> None:
        """Labels or annotations have changed: volumes show it."""
        home = self._homes.get(uid_of(pod))
        if home is not None:
            home.folder.refresh(pod)

    # what the API server asks for

    def log(self, uid: str) -> bytes | None:
        """What it wrote to stdout and stderr; None where it is no process."""
        home = self._homes.get(uid)
        if home is None:
            return None
        path = home.folder.logs / "log"
        return path.read_bytes() if path.exists() else b""

    def address(self, uid: str) -> str:
        """Where a process of the pod listens, if it does; "" where it is no process."""
        home = self._homes.get(uid)
        return home.address if home is not None else ""

    def execute(
        self,
        pod: Obj,
        argv: Sequence[str],
        streams: tuple[int | None, int, int],
        ended: Ended,
        failed: Callable[[str], None],
    ) -> Running:
        """Run a command beside the pod's own, in its folder and environment. `streams` are file descriptors."""
        home = self._homes[uid_of(pod)]
        self._links(home)
        running = self._run(home, pod, "exec", argv, *streams, ended, failed)
        home.others = [one for one in home.others if one.process.returncode is None] + [running]
        return running

    def close(self) -> None:
        """End everything."""
        for uid, home in list(self._homes.items()):
            self.kill(uid)
            for one in home.all():
                self._over(one)
                one.process.wait()
        shutil.rmtree(self._place, ignore_errors=True)

    # how

    def _run(
        self,
        home: _Home,
        pod: Obj,
        word: str,
        argv: Sequence[str],
        stdin: int | None,
        stdout: int | IO[bytes],
        stderr: int | IO[bytes],
        ended: Ended,
        failed: Callable[[str], None],
    ) -> Running:
        container = pod["spec"]["containers"][0]
        ours, theirs = socket.socketpair()
        words = [home.folder.inside(one) for one in argv]
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", shim.__file__, str(theirs.fileno()), word, *words],
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(theirs.fileno(),),
                cwd=home.folder.working(container),
                env=environment(pod, container, home.folder, home.address, self._store.find)
                | {"K8SAI_SERVER": self.server},
                start_new_session=True,
            )
        running = Running(process, ours, ended, failed)
        ours.setblocking(False)
        self._loop.add_reader(ours.fileno(), self._hear, home, running)
        return running

    def _hear(self, home: _Home, running: Running) -> None:
        """News of a shim."""
        try:
            told = running.control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            told = b""
        *lines, running.rest = (running.rest + told).split(b"\n")
        for line in lines:
            word, _, text = line.decode(errors="replace").partition(" ")
            if word == "pid":
                running.pid = int(text)
                self._links(home)
            elif word == "exit":
                running.code = int(text)
                running.ended(running.code)
            elif word == "failed":
                running.code = 127
                running.failed(text)
        if not told:
            self._lost(home, running)

    def _lost(self, home: _Home, running: Running) -> None:
        """The shim has ended; a shim that was killed has not said what became of its command."""
        self._over(running)
        running.process.wait()
        if running.code < 0:
            running.code = 137
            running.ended(137)
        home.clear()

    def _over(self, running: Running) -> None:
        if running.control.fileno() >= 0:
            self._loop.remove_reader(running.control.fileno())
            running.control.close()

    def _links(self, home: _Home) -> None:
        """`K8SAI_PROC`: a link to /proc for each process of the pod; 1 is the first, as in a namespace of its own."""
        if home.main is None or not home.folder.proc.is_dir() or not Path("/proc/self").is_dir():
            return
        pids = {str(one): one for running in (home.main, *home.others) for one in shim.descendants(running.process.pid)}
        first = home.main.pid
        pids.pop(str(first), None)
        links = {**pids, **({"1": first} if first and home.main.code < 0 else {})}
        for old in home.folder.proc.iterdir():
            if old.name not in links:
                old.unlink()
        for name, pid in links.items():
            link = home.folder.proc / name
            if not link.is_symlink() or str(link.readlink()) != f"/proc/{pid}":
                link.unlink(missing_ok=True)
                link.symlink_to(f"/proc/{pid}")

    def _address(self) -> str:
        """An address of loopback that no other pod has, where all of 127.0.0.0/8 is loopback."""
        if sys.platform != "linux":
            return "127.0.0.1"
        self._addresses += 1
        return f"127.{self._network}.{self._addresses >> 8 & 255}.{self._addresses & 255}"
