"""A process that stands between the embedded cluster and what a pod runs, as containerd's shim does.

It is started by its path. When its control socket closes it ends everything below it, so nothing of a pod outlives a
cluster that was killed.
    python shim.py FD WORD ARGV…    WORD: `container` (its end takes all it started along) or `exec` (children live on)
It hears lines: `signal N` for the first process, `kill` for all. It says: `pid N`, `failed TEXT`, `exit CODE`.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys

_PARENT_DIED, _SUBREAPER = 1, 36  # prctl


def main(argv: list[str]) -> int:
    """Run it to its end; the exit code is the command's."""
    control = socket.socket(fileno=int(argv[0]))
    mine = argv[1] == "container"
    _prctl(_SUBREAPER, 1)
    wake, rung = os.pipe()
    os.set_blocking(rung, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(rung, warn_on_full_buffer=False)
    child = _spawn(control, argv[2:])
    if not child:
        return 127
    _say(control, f"pid {child}")
    return _watch(control, wake, child, mine)


def _spawn(control: socket.socket, command: list[str]) -> int:
    """The pid; 0 where it cannot be run, which was said then."""
    news, told = os.pipe()
    child = os.fork()
    if not child:
        _prctl(_PARENT_DIED, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(told, (error.strerror or str(error)).encode())
        os._exit(127)
    os.close(told)
    _release_streams()
    with os.fdopen(news, encoding="utf-8") as said:
        trouble = said.read()
    if trouble:
        os.waitpid(child, 0)
        _say(control, f"failed {trouble}")
        return 0
    return child


def _release_streams() -> None:
    """Its ends of the command's streams: whoever reads them learns when the command has closed its own."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    os.dup2(nothing, 2)


def _watch(control: socket.socket, wake: int, child: int, mine: bool) -> int:
    """Until the command and, of an exec, everything it left behind has ended, or the cluster has gone."""
    code, rest = -1, b""
    while True:
        ready, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        ended, alone = _reap(child)
        if ended >= 0:
            code = ended
            if mine:
                _end_all(child)
            _say(control, f"exit {code}")
        if code >= 0 and (mine or alone):
            return code
        if control.fileno() in ready:
            told = _heard(control)
            if not told:
                _end_all(child)
                return 137
            *lines, rest = (rest + told).split(b"\n")
            for line in lines:
                _obey(line.decode(), child, code < 0)


def _heard(control: socket.socket) -> bytes:
    try:
        return control.recv(4096)
    except OSError:
        return b""


def _obey(line: str, child: int, lives: bool) -> None:
    if line == "kill":
        _end_all(child)
    elif line.startswith("signal ") and lives:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, int(line.split()[1]))


def _reap(child: int) -> tuple[int, bool]:
    """(the command's exit code or -1, whether nothing is left below)."""
    code = -1
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code, True
        if not pid:
            return code, False
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            code = code if code >= 0 else 128 - code


def _end_all(child: int) -> None:
    """SIGKILL for every process below, again until no new ones turn up; the group alone where there is no /proc."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    ended: set[int] = set()
    while below := set(descendants(os.getpid())) - ended:
        ended |= below
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """Every process below, nearest first; where there is no /proc none are found."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        with contextlib.suppress(OSError):
            children.setdefault(_parent(pid), []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(0), [])
        found += below
        waiting += below
    return found


def _pids() -> list[int]:
    try:
        with os.scandir("/proc") as entries:
            return [int(one.name) for one in entries if one.name.isdigit()]
    except OSError:
        return []


def _parent(pid: int) -> int:
    number = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    try:
        return int(os.read(number, 4096).rpartition(b")")[2].split()[1])
    finally:
        os.close(number)


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the control socket alone ends what is left."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _say(control: socket.socket, text: str) -> None:
    with contextlib.suppress(OSError):
        control.sendall(f"{text}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
