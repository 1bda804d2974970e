"""The full screen as a process: on which stream it is drawn."""

import os
import select
from pathlib import Path

from tests.commands.run import environment, terminal

SMALL = Path(__file__).parents[1] / "clusters/small.json"


def shown_until(master: int, word: bytes) -> bytes:
    """What the terminal was sent up to this word."""
    shown = b""
    while word not in shown:
        assert select.select([master], [], [], 60.0)[0], shown
        shown += os.read(master, 65536)
    return shown


def test_the_screen_is_drawn_while_stderr_goes_into_a_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = f"kubectl-ai_top --from {SMALL} 2>{log}"
    with terminal("/bin/sh", "-c", command, env=environment(tmp_path)) as (process, master):
        shown_until(master, b"gpu-h1")
        os.write(master, b"q")
        shown_until(master, b"\x1b[?1049l")  # the terminal is given back
        assert process.wait(60) == 0
    assert log.read_bytes() == b""
