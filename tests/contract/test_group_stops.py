"""What becomes of a LeaderWorkerSet when one of its pods is evicted, and when it is scaled to nothing and back."""

import pytest

from tests.contract.api import Json
from tests.contract.conftest import Server
from tests.contract.evicting import Yard, is_ready
from tests.contract.gang_yard import name_of, no_pods, running
from tests.contract.gang_yard import yard as yard
from tests.contract.objects import IMAGE


def lws(yard: Yard, **parts: object) -> str:
    """Two groups of a leader and two workers, which all run; its path."""
    containers = [{"name": "main", "image": IMAGE}]
    template = {"spec": {"nodeSelector": yard.where.selector, "containers": containers}}
    spec = {"replicas": 2, "leaderWorkerTemplate": {"size": 3, "workerTemplate": template, **parts}}
    api = "leaderworkerset.x-k8s.io/v1"
    yard.api.post(
        yard.groups, {"apiVersion": api, "kind": "LeaderWorkerSet", "metadata": {"name": "g"}, "spec": spec}
    ).ok()
    running(yard, 6)
    return f"{yard.groups}/g"


def by_name(pods: dict[str, Json]) -> dict[str, str]:
    return {name_of(one): one["metadata"]["uid"] for one in pods.values()}


def anew(yard: Yard, before: dict[str, str], *names: str) -> None:
    """Returns when these pods, and only these, have been made anew."""

    def reached(pods: dict[str, Json]) -> bool:
        now = by_name(pods)
        changed = {name for name, uid in now.items() if before[name] != uid}
        return set(now) == set(before) and changed == set(names) and all(map(is_ready, pods.values()))

    yard.api.until(yard.pods, reached)


def test_pods_of_a_group_know_their_place(server: Server, yard: Yard) -> None:
    server.needs("lws")
    lws(yard)
    pods = {name_of(one): one for one in running(yard, 6).values()}
    assert sorted(pods) == ["g-0", "g-0-1", "g-0-2", "g-1", "g-1-1", "g-1-2"]
    prefix = "leaderworkerset.sigs.k8s.io/"
    labels = pods["g-1-2"]["metadata"]["labels"]
    assert (labels[f"{prefix}name"], labels[f"{prefix}group-index"], labels[f"{prefix}worker-index"]) == ("g", "1", "2")
    assert labels[f"{prefix}group-key"] == pods["g-1"]["metadata"]["labels"][f"{prefix}group-key"]
    (owner,) = yard.api.get(yard.sets + "/g-1").ok()["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("Pod", "g-1")
    env = {one["name"]: one.get("value") for one in pods["g-1-2"]["spec"]["containers"][0]["env"]}
    assert (env["LWS_GROUP_SIZE"], env["LWS_WORKER_INDEX"]) == ("3", "2")


@pytest.mark.parametrize("victim", ["g-0", "g-0-1"])
def test_a_group_is_made_anew_as_a_whole(server: Server, yard: Yard, victim: str) -> None:
    server.needs("lws")
    lws(yard)
    before = by_name(running(yard, 6))
    yard.evict(victim).ok()
    anew(yard, before, "g-0", "g-0-1", "g-0-2")


@pytest.mark.parametrize(("victim", "names"), [("g-0-1", ["g-0-1"]), ("g-0", ["g-0", "g-0-1", "g-0-2"])])
def test_without_a_restart_policy_only_a_leader_takes_its_group_along(
    server: Server, yard: Yard, victim: str, names: list[str]
) -> None:
    server.needs("lws")
    lws(yard, restartPolicy="None")
    before = by_name(running(yard, 6))
    yard.evict(victim).ok()
    anew(yard, before, *names)


def test_groups_are_stopped_by_their_number(server: Server, yard: Yard) -> None:
    server.needs("lws")
    path = lws(yard)
    yard.api.patch(f"{path}/scale", {"spec": {"replicas": 0}}).ok()
    no_pods(yard)
    yard.api.patch(path, {"spec": {"replicas": 2}}).ok()
    running(yard, 6)
