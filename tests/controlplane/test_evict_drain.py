"""A drain on a real control plane ends exactly as its plan said; a plan writes nothing at all.

Four nodes; a JobSet in a queue of Kueue's, a TrainJob and an LWS that answer; a Job that nobody can ask; a service
behind a budget that never lets it go. Controllers, eviction subresource, budgets and audit log are the real ones.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.api import Json
from tests.controlplane.audit import writes_during
from tests.controlplane.evict_scene import SIZES, Scene, scene_on
from tests.controlplane.server import ControlPlane
from tests.evict.yard_player import LAST
from tests.evict.yard_rules import stops
from tests.faults.faults import AWAY, BROKEN, BUSY, CONFLICT, CUT_DONE, CUT_HALF
from tests.faults.proxy import FaultProxy
from tests.faults.schedule import Rule, Sent

pytestmark = pytest.mark.controlplane
MARKS = ("k8sai.dev/evict", "k8sai.dev/parked-by", "k8sai.dev/cordoned-by", "k8sai.dev/request")


@pytest.fixture
def scene(plane: ControlPlane, addon: Callable[..., None]) -> Iterator[Scene]:
    addon("jobset", "lws", "trainer", "kueue")
    with scene_on(plane) as made, made.yard.played(**made.played):
        made.yard.api.until(made.yard.path("pods"), _have_spoken)
        yield made


def _have_spoken(pods: dict[str, Json]) -> bool:
    """Every rank of a gang that can be asked has said what it saved last."""
    mine = [one for one in pods.values() if one["metadata"]["name"].startswith(("llm-", "vit-", "grp-"))]
    return all(LAST in (one["metadata"].get("annotations") or {}) for one in mine)


def _rows(plan: Json) -> dict[str, tuple[str, str, str]]:
    return {one["name"]: (one["action"], one["method"], one["stop"]) for one in plan["gangs"]}


def _stops(writes: list[Sent]) -> dict[str, int]:
    """How often each object was stopped, by the last word of its path."""
    names = [one.path.split("/")[-1] for one in writes if stops(one) and not one.path.endswith("/eviction")]
    return {name: names.count(name) for name in names}


def test_a_plan_writes_nothing_and_says_what_stands_in_the_way(
    plane: ControlPlane, scene: Scene, tmp_path: Path
) -> None:
    before = scene.owners()
    with FaultProxy(plane.kubeconfig(), tmp_path, plane=plane) as proxy, writes_during(plane) as audit:
        for words in ((), ("-o", "json"), ("--out", str(tmp_path / "plan.json"))):
            assert scene("plan", *scene.drained, *words, kubeconfig=proxy.kubeconfig).code == 5

    assert audit == []
    assert proxy.schedule.writes == []
    plan = scene("plan", *scene.drained, "-o", "json").document(5)
    assert _rows(plan) == {
        "llm": ("stop", "annotation", "kueue active=false"),
        "vit": ("stop", "annotation", "suspend"),
        "grp": ("stop", "annotation", "scale to 0"),
        "dark": ("refuse", "none", "suspend"),
    }
    assert [one["code"] for row in plan["gangs"] for one in row["refusals"]] == ["no-contract"]
    (blocked,) = plan["blocked"]
    assert (blocked["name"], blocked["never"]) == (f"pdb {scene.yard.namespace}/gw", True)
    assert {name: one["metadata"]["generation"] for name, one in scene.owners().items()} == {
        name: one["metadata"]["generation"] for name, one in before.items()
    }


# A stop whose answer is lost, saves that are refused or not answered, a busy server, a gateway without a server.
ROUGH = (
    Rule(CUT_DONE, "PATCH", "/(workloads|trainjobs|leaderworkersets)/", times=2),
    Rule(CUT_DONE, "PATCH", "/configmaps/", skip=5, times=2),
    Rule(CONFLICT, "PATCH", "/configmaps/", skip=12),
    Rule(BROKEN, "PATCH", "/nodes/", skip=1),
    Rule(BUSY, "", "", skip=20, times=2),
    Rule(AWAY, "GET", "/pods", skip=10, times=4),
    Rule(CUT_HALF, "*", "", skip=60, times=3),
)


@pytest.mark.parametrize("rules", [(), ROUGH], ids=["smooth", "rough"])
def test_a_drain_ends_exactly_as_its_plan_said(
    plane: ControlPlane, scene: Scene, tmp_path: Path, rules: tuple[Rule, ...]
) -> None:
    file, before, owners = tmp_path / "plan.json", scene.standing(), scene.owners()
    plan = scene("plan", *scene.drained, "-o", "json", "--out", str(file), "--timeout", "2s", "--wait-ready", "60s")
    rows = _rows(plan.document(5))
    with FaultProxy(plane.kubeconfig(), tmp_path, *rules, plane=plane) as proxy:
        ended = scene("run", "--plan", str(file), "--yes", "--partial", kubeconfig=proxy.kubeconfig)

    assert ended.code == 11, ended.err
    after = scene.standing()
    for name, (action, _, _) in rows.items():
        moved = not (before[name] & after[name])
        assert moved == (action == "stop"), f"{name}: {action}"
        assert len(after[name]) == SIZES[name]
        assert scene.yard.where(name).isdisjoint(scene.drained) == moved
    assert _stops(proxy.schedule.on_targets) == {_workload(scene): 1, "vit": 1, "grp": 1}
    assert scene.yard.where("gw") <= set(scene.drained)
    assert scene.yard.cordoned() == set(scene.drained)
    _kept(owners, scene.owners())


def _workload(scene: Scene) -> str:
    (one,) = scene.yard.listed("workloads.kueue.x-k8s.io")
    return str(one["metadata"]["name"])


def _kept(before: dict[str, Json], after: dict[str, Json]) -> None:
    """The same objects, no restart counted, none failed, nothing of ours left on them but the drain's mark."""
    for name, one in after.items():
        assert one["metadata"]["uid"] == before[name]["metadata"]["uid"]
        status = one.get("status") or {}
        assert not status.get("restarts") and not status.get("failed")
        kinds = {each["type"] for each in status.get("conditions") or () if each["status"] == "True"}
        assert "Failed" not in kinds
        assert "k8sai.dev/parked-by" not in (one["metadata"].get("annotations") or {})


def test_an_abort_gives_everything_back(plane: ControlPlane, scene: Scene, tmp_path: Path) -> None:
    """One node was cordoned before: it stays so."""
    scene.yard.api.patch(f"/api/v1/nodes/{scene.drained[0]}", {"spec": {"unschedulable": True}}).ok()
    ended = scene("run", *scene.drained, "--yes", "--partial", "--timeout", "1s", "--wait-ready", "60s", "-o", "json")
    drain = ended.document(11)["id"]
    assert scene.yard.cordoned() == set(scene.drained)

    back = scene("abort", drain)
    assert back.code == 0, back.err

    assert scene.yard.cordoned() == {scene.drained[0]}
    for one in (*scene.owners().values(), *(scene.yard.api.get(f"/api/v1/nodes/{n}").ok() for n in scene.drained)):
        assert not set(MARKS) & set(one["metadata"].get("annotations") or {})
