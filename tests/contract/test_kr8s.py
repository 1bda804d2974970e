"""kr8s, a client of quite another make, gets along with either server."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.contract.conftest import Nodes, Server

PROGRAM = Path(__file__).with_name("kr8s_session.py")


def test_a_session(server: Server, namespace: str, nodes: Callable[..., Nodes]) -> None:
    """In a process of its own: kr8s leaves its connections to the garbage collector, which would end other tests."""
    ((key, value),) = nodes().selector.items()
    command = [sys.executable, str(PROGRAM), str(server.kubeconfig), namespace, f"{key}={value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
