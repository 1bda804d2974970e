"""How long it takes until something is said."""

import sys
from functools import partial
from pathlib import Path

from tests.bench.figures import Figure, Figures, milliseconds, run, side_by_side, times

_FOLDER = Path(sys.executable).parent
_ROUNDS = 21
_BARE = "python -c pass"
_COMMANDS: dict[str, tuple[str | Path, ...]] = {
    _BARE: (sys.executable, "-c", "pass"),
    "k8sai --version": (_FOLDER / "k8sai", "--version"),
    "k8sai --help": (_FOLDER / "k8sai", "--help"),
    "kubectl-ai_top --version": (_FOLDER / "kubectl-ai_top", "--version"),
    "k8sai top --help": (_FOLDER / "k8sai", "top", "--help"),
    "completion of `k8sai top --`": (_FOLDER / "kubectl_complete-ai_top", "--"),
}
_AIMS = {"k8sai --version": "5x or less", "k8sai --help": "5x or less"}  # 100 ms where a bare interpreter takes 20


def measure() -> Figures:
    """Whole processes, warm files."""
    medians = side_by_side({name: partial(run, command) for name, command in _COMMANDS.items()}, _ROUNDS)
    bare = medians[_BARE].seconds
    lines = [
        Figure(name + (f" (ended with {found.code})" if found.code else ""), milliseconds(found.seconds),
               times(found.seconds / bare), _AIMS.get(name, ""))
        for name, found in medians.items()
    ]  # fmt: skip
    return Figures("start-up", "of a bare interpreter", lines)
