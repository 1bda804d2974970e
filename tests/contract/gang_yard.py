"""What tests of gangs that are stopped have in common: a yard, and what its pods have come to."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes
from tests.contract.evicting import Yard, is_ready


@pytest.fixture
def yard(api: Api, core: str, nodes: Callable[..., Nodes]) -> Iterator[Yard]:
    made = Yard(api, core, nodes())
    yield made
    for path in (made.jobs, made.jobsets, made.trainjobs, made.groups):
        api.delete(path, {"propagationPolicy": "Background"})


def name_of(obj: Json) -> str:
    return str(obj["metadata"]["name"])


def uids(pods: dict[str, Json]) -> set[str]:
    return {one["metadata"]["uid"] for one in pods.values()}


def suspend(yard: Yard, path: str, value: bool) -> None:
    yard.api.patch(path, {"spec": {"suspend": value}}).ok()


def no_pods(yard: Yard) -> None:
    yard.api.until(yard.pods, lambda pods: not pods)


def running(yard: Yard, number: int) -> dict[str, Json]:
    """The pods, as soon as so many are ready and no others are there."""
    return yard.api.until(yard.pods, lambda pods: len(pods) == number and all(map(is_ready, pods.values())))
