"""Runs our scripts as a user does: the whole process, in a pipe or on a terminal of a given size."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
_TIMEOUT = 60.0  # seconds; only a broken test comes near it


@dataclass(frozen=True)
class Ran:
    """What a process left behind."""

    code: int
    out: str
    err: str


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the person who runs the tests: an empty home, no kubeconfig, no colour wishes."""
    kept = {key: os.environ[key] for key in ("LANG", "COVERAGE_PROCESS_START") if key in os.environ}
    return {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8", **kept, **more}


def run(*argv: str | Path, env: Mapping[str, str], stdin: str = "") -> Ran:
    """In a pipe."""
    done = subprocess.run(
        [str(BIN / argv[0]), *map(str, argv[1:])],
        env=dict(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def on_terminal(*argv: str | Path, env: Mapping[str, str], columns: int = 80, rows: int = 24) -> Ran:
    """With stdin, stdout and stderr on one terminal: `out` is all that was shown, with line feeds alone."""
    with terminal(*argv, env=env, columns=columns, rows=rows) as (process, master):
        shown = b"".join(read_all(master))
        code = process.wait(_TIMEOUT)
    return Ran(code, shown.decode().replace("\r\n", "\n"), "")


@contextmanager
def terminal(
    *argv: str | Path, env: Mapping[str, str], columns: int = 80, rows: int = 24
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The running process and the other end of its terminal; killed at the end if it still runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [str(BIN / argv[0]), *map(str, argv[1:])],
        env={"TERM": "xterm-256color", **env},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield process, master
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)


def read_all(master: int) -> Iterator[bytes]:
    """Everything until the process closes its terminal."""
    with suppress(OSError):  # Linux says EIO when the last writer is gone
        while select.select([master], [], [], _TIMEOUT)[0]:
            data = os.read(master, 65536)
            if not data:
                return
            yield data
