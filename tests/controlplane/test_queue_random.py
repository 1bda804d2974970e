"""Queues against a real Kueue: on random trees both say the same of what becomes of a workload.

Kind (fits, borrows, preempts, waits, never, no flavor), flavors, level of borrowing, pods where they are fewer, and the
victims with the reason for each; without and with fair sharing. Where there are several obstacles any of them will do.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from k8sai.queues.usage import Differs
from tests.contract.api import Json
from tests.controlplane.kueue import start_kueue
from tests.controlplane.random_queues import tree_of
from tests.controlplane.random_queues_outcome import Tried
from tests.controlplane.random_queues_world import World
from tests.controlplane.random_world import Draw
from tests.controlplane.session import ControlPlanes

DRAW = Draw.of(seed=7)
ROUNDS = 2  # workloads tried on each tree, one after the other
_GATES = {"VisibilityOnDemand": False, "UnadmittedWorkloadsObservability": True}
_STRATEGIES = ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]
_SHARING: dict[str, Json] = {"classic": {}, "fair sharing": {"fairSharing": {"preemptionStrategies": _STRATEGIES}}}


@dataclass(frozen=True)
class Played:
    tried: list[Tried]
    differences: tuple[Differs, ...]


@pytest.fixture(scope="module", params=_SHARING)
def played(controlplanes: ControlPlanes, request: pytest.FixtureRequest) -> Iterator[Played]:
    plane = controlplanes.fresh(audit=False)
    start_kueue(plane, {"featureGates": _GATES, **_SHARING[request.param]})
    here = [number for number in range(DRAW.count) if (number % 3 == 0) == (request.param == "fair sharing")]
    world = World(plane, [tree_of(DRAW.seed, number, ROUNDS) for number in here])
    world.build()
    differences = world.differences()
    yield Played([one for number in range(ROUNDS) for one in world.play(number)], differences)
    plane.stop()


def test_we_say_what_kueue_does(played: Played) -> None:
    wrong = [f"seed {DRAW.seed}, {one}" for one in played.tried if not one.agrees]
    assert not wrong, "\n".join(wrong)


def test_workloads_and_the_status_of_queues_count_alike(played: Played) -> None:
    assert played.differences == ()


def test_the_workloads_are_of_every_kind(played: Played) -> None:
    """A guard: were all to fit, or none, agreeing would prove little."""
    kinds = Counter(one.theirs.kind for one in played.tried)
    assert min(kinds[kind] for kind in ("fits", "borrows", "preempts", "waits", "never", "refused")) > 0, kinds
    reasons = Counter(reason for one in played.tried for _, reason in one.theirs.victims)
    assert len(reasons) > 1, reasons
