"""Whatever is done to a Rollout and whenever: with Argo's own controller, too, a rollback ends at home."""

import time
from collections.abc import Callable
from random import Random

import pytest

from k8sai.canary.backend import Begin, Rollback, Write
from k8sai.canary.facts import Prepared
from k8sai.cluster.patching import Stale
from tests.canary.rollouts import TO_V2
from tests.canary.test_rollout_back import DEEDS
from tests.contract.api import JSON_PATCH
from tests.contract.canary_driver import Driver
from tests.controlplane.rollout_yard import Yard
from tests.controlplane.server import ControlPlane

pytestmark = pytest.mark.controlplane

SEEDS = range(6)


@pytest.fixture
def yard(plane: ControlPlane, namespace: str, addon: Callable[..., None]) -> Yard:
    addon("argo-rollouts")
    return Yard(plane, namespace)


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_way_back_is_open_from_everywhere(yard: Yard, seed: int, routed: bool) -> None:
    chance = Random(f"{seed} {routed}")
    driver = yard.has(routed=routed)
    prepared = driver.prepare(TO_V2)
    begin = driver.step(Begin(TO_V2, 25), prepared)
    assert isinstance(begin, Write)
    driver.carry(begin)
    done = []
    for _ in range(chance.randint(1, 5)):
        done.append(deed := chance.choice(sorted(DEEDS)))
        where, operation = DEEDS[deed]
        driver.api.patch(f"{driver.path}/{where}".rstrip("/"), [operation], JSON_PATCH)  # refused where it cannot be
        if chance.random() < 0.6:
            driver.changed(driver.target())
    back(driver, prepared)
    live = driver.target()
    assert live["spec"]["template"] == prepared.before["template"], done
    assert live["status"]["stableRS"] == live["status"]["currentPodHash"] == prepared.handle["stable"], done
    seen = driver.see(prepared)
    assert (seen.route, seen.canary, seen.stable.ready) == (0, None, live["spec"]["replicas"]), done


def back(driver: Driver, prepared: Prepared) -> None:
    """As a caller does it: where the controller was faster, it is thought about again."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            driver.reach(Rollback(), prepared)
        except Stale:
            continue
        return
    raise TimeoutError("the controller was always faster")
