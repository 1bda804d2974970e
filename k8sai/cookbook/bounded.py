"""Recipes of strangers are rendered in a process of their own, with little time and little memory.

JSON-e runs no code and ends always, but not soon: a loop in a loop in a loop may take hours. Nothing is passed to the
process but the templates and the values, and nothing comes back but texts.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from k8sai.errors import Usage

_SECONDS: Final = 3  # of CPU time; of the clock it may take a few times that on a busy machine
_PATIENCE: Final = 30.0  # seconds of the clock
_MEMORY: Final = 1 << 30  # bytes of address space
_LARGEST: Final = 16 << 20  # bytes that may come back

Texts = Sequence[tuple[str, str]]  # place and text of each template


def rendered_apart(
    templates: Texts, notes: Sequence[Any], context: Mapping[str, Any], name: str
) -> tuple[list[str], list[str]]:
    """The texts of the templates and the notes. Raises Usage as rendering does, and where a limit was passed."""
    question = json.dumps({"templates": list(templates), "notes": list(notes), "context": dict(context), "name": name})
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from k8sai.cookbook.bounded import answer; answer()"],
            input=question.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_much(name) from error
    if done.returncode or len(done.stdout) > _LARGEST:
        raise _too_much(name)
    found = json.loads(done.stdout)
    if "error" in found:
        raise Usage(found["error"])
    return found["texts"], found["notes"]


def answer() -> None:
    """The process: one question on stdin, one answer on stdout."""
    _limit()
    from k8sai.cookbook.notes import noted
    from k8sai.cookbook.tree import rendered

    question = json.load(sys.stdin)
    context = question["context"]
    try:
        found: dict[str, Any] = {
            "texts": [rendered(text, place, context) for place, text in question["templates"]],
            "notes": noted(question["notes"], question["name"], context),
        }
    except Usage as error:
        found = {"error": error.message}
    sys.stdout.write(json.dumps(found))


def _limit() -> None:
    """Where the system knows no limits, the patience of who waits is the only one."""
    try:
        import resource
    except ImportError:
        return
    for which, most in ((resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_AS, _MEMORY)):
        _, hard = resource.getrlimit(which)
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (lowest, lowest))


def _too_much(name: str) -> Usage:
    return Usage(f"{name} takes too long or too much memory to render: nothing was made", "look at its loops")
