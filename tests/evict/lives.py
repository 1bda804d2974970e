"""The lives of operators that may die at any of their writes, and among any faults; and how it ends after them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import strategies as st

from k8sai.errors import K8saiError
from k8sai.evict.state import Stage
from tests.evict.drains import DEAD, Drain
from tests.faults.faults import PASSING
from tests.faults.in_process import Killed
from tests.faults.schedule import Rule, Schedule, rules


@dataclass(frozen=True)
class Life:
    """One operator: it dies at its n-th write (0: never), after the server took it or before, among these faults."""

    dies: int
    taken: bool
    faults: list[Rule]

    def __repr__(self) -> str:
        at = f"dies {'after' if self.taken else 'before'} write {self.dies}" if self.dies else "lives"
        return f"<{at}; {', '.join(map(str, self.faults)) or 'no faults'}>"


def lives(paths: Sequence[str]) -> st.SearchStrategy[Life]:
    """With faults at requests whose path has one of these."""
    return st.builds(Life, st.integers(0, 45), st.booleans(), rules(PASSING, paths))


def lived(one: Drain, life: Life, *, first: bool = False) -> None:
    """As far as it comes: it may die, or give up; its Leases expire where it could not give them back."""
    connection = one.connection(Schedule(*life.faults), life.dies, life.taken)
    with suppress(Killed, K8saiError):
        one.run(connection) if first else one.resume(connection)
    one.world.run(DEAD)


def ended(one: Drain, how: str, sizes: dict[str, int]) -> None:
    """Somebody goes on to the end, or takes it back; nothing goes wrong any more."""
    if not one.kept:  # it died before it had kept anything
        one.rules.over(set())
        return
    state = one.resume() if how == "resume" else one.abort()
    wanted = (Stage.DONE, Stage.PARTIAL) if how == "resume" else (Stage.ABORTED,)
    assert state.stage in wanted, (state.stage, state.reason)
    one.world.run(60)
    one.rules.over(set() if how == "abort" else {node.name for node in state.nodes if node.ours})
    one.rules.runs_again(sizes)
