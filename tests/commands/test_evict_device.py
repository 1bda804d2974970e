"""`evict plan|run|abort --device`: one GPU instead of a node, as users see it, on the embedded cluster."""

from collections.abc import Callable, Iterator

import pytest
import yaml

from k8sai.errors import Exit
from tests.commands.evict_site import EvictSite
from tests.contract.api import Json
from tests.evict.yard_devices import RULES, bridged, claiming, device_of, fixed, published, rules_of
from tests.evict.yard_objects import contract
from tests.evict.yard_player import Played


@pytest.fixture
def site(evicts: EvictSite) -> Iterator[EvictSite]:
    """Two nodes with two cards each."""
    with published(evicts):
        yield evicts


Kind = Callable[..., Json]


def held(site: EvictSite, name: str = "llm", make: Kind = claiming) -> str:
    """The UUID of the card that a Job of one pod holds, which says how it saves."""
    site.put(make(name, site.namespace, says=contract(name)))
    site.runs(name, 1)
    return device_of(site, name)[0]


def drained(site: EvictSite, uuid: str, *words: str, code: int = 0) -> Json:
    with site.played(llm=Played("saves")):
        return site.document("run", "--device", uuid, "--yes", *words, code=code)


@pytest.mark.parametrize("kind", [claiming, fixed, bridged])
def test_only_who_holds_it_is_stopped_and_it_stays_closed(site: EvictSite, kind: Kind) -> None:
    uuid = held(site, "llm", kind)
    held(site, "vit")
    before = site.pods_of("vit")[0]["metadata"]["uid"]
    told = drained(site, uuid, "--wait-ready", "50s")
    assert (told["state"], told["exit"], told["nodes"]) == ("Done", 0, [])
    assert [(one["name"], one["phase"], one["stops"]) for one in told["gangs"]] == [("llm", "Restored", 1)]
    [(name, rule)] = rules_of(site).items()
    assert name == f"k8sai-evict-{told['id']}"
    assert (rule["spec"]["taint"]["effect"], rule["metadata"]["uid"]) == ("NoSchedule", told["device"]["rule"])
    assert (told["device"]["uuid"], told["device"]["free"]) == (uuid, True)
    assert device_of(site, "llm")[0] != uuid
    assert site.pods_of("vit")[0]["metadata"]["uid"] == before
    assert site.cordoned() == set()
    words = [one["reason"] for one in told["journal"]]
    order = ("EvictPlanned", "DeviceTainted", "CheckpointProven", "GangStopped", "DeviceFree")
    assert [one for one in words if one in order] == list(order)

    ran = site("abort", told["id"])
    assert (ran.code, rules_of(site)) == (Exit.OK, {})
    assert "its taint is gone" in ran.out


def test_a_plan_says_in_words_what_a_rule_would_select_and_writes_none(site: EvictSite) -> None:
    uuid = held(site)
    held(site, "vit")
    pool = device_of(site, "llm")[1]
    plan = site.document("plan", "--device", uuid)
    assert [one["name"] for one in plan["gangs"]] == ["llm"]
    assert plan["nodes"] == []
    assert (plan["device"]["uuid"], plan["device"]["pool"]) == (uuid, pool)
    ran = site("plan", "--device", f"gpu.nvidia.com/{pool}/{plan['device']['name']}")
    assert f"gpu/{uuid} (1 GPU of its gangs)" in ran.out
    assert "DEVICE" in ran.out
    assert "would select 1 published device" in ran.out
    assert "held by 1 pod of 1 gang" in ran.out
    assert rules_of(site) == {}


def test_the_card_that_is_closed_is_no_room_elsewhere(site: EvictSite) -> None:
    uuid = held(site)
    for name in ("a", "b", "c"):
        held(site, name)
    plan = site.document("plan", "--device", uuid, code=Exit.NO_CAPACITY)
    [gang] = plan["gangs"]
    assert [one["code"] for one in gang["refusals"]] == ["no-room"]


def test_a_card_that_nobody_holds_is_closed_all_the_same(site: EvictSite) -> None:
    told = site.document("run", "--device", "GPU-00000003", "--yes")
    assert (told["state"], told["gangs"], told["device"]["free"]) == ("Done", [], True)
    assert list(rules_of(site)) == [f"k8sai-evict-{told['id']}"]


def test_a_rule_that_somebody_else_made_anew_stays(site: EvictSite) -> None:
    told = site.document("run", "--device", "GPU-00000000", "--yes")
    [(name, rule)] = rules_of(site).items()
    site.api.delete(f"{RULES}/{name}")
    anew = {"metadata": {"name": name, "annotations": rule["metadata"]["annotations"]}, "spec": rule["spec"]}
    site.api.post(RULES, anew).ok()
    assert site("abort", told["id"]).code == Exit.OK
    assert list(rules_of(site)) == [name]


def test_without_a_journal_the_mark_tells_which_rule_goes(site: EvictSite) -> None:
    told = site.document("run", "--device", "GPU-00000000", "--yes")
    place = f"/api/v1/namespaces/{told['namespace']}/configmaps/k8sai-evict-{told['id']}"
    site.api.delete(place)
    ran = site("abort", told["id"])
    assert (ran.code, rules_of(site)) == (Exit.OK, {})
    assert f"devicetaintrule/k8sai-evict-{told['id']} is taken away" in ran.out


def test_an_aborted_drain_of_a_card_that_does_not_save_opens_it(site: EvictSite) -> None:
    uuid = held(site)
    with site.played(llm=Played("silent")):
        told = site.document("run", "--device", uuid, "--yes", "--deadline", "6s", code=Exit.FAILED_SAFE)
    assert [one["phase"] for one in told["gangs"]] == ["TimedOut"]
    assert (told["device"]["tainted"], told["device"]["free"]) == (True, False)
    assert site("abort", told["id"]).code == Exit.OK
    assert rules_of(site) == {}


def test_gpus_of_a_device_plugin_are_refused(evicts: EvictSite) -> None:
    evicts.nodes("n0")
    ran = evicts("plan", "--device", "GPU-1")
    assert ran.code == Exit.REFUSED
    assert "no driver publishes its GPUs: those of a device plugin cannot be told from one another" in ran.err


def test_a_uuid_that_no_slice_has(site: EvictSite) -> None:
    ran = site("run", "--device", "GPU-9", "--yes")
    assert ran.code == Exit.NOT_FOUND
    assert "no ResourceSlice has a GPU GPU-9" in ran.err


def test_the_role_for_it_is_enough_and_without_the_rule_the_plan_says_what_is_missing(site: EvictSite) -> None:
    role = {one: yaml.safe_load(site("rbac", *one).out)["rules"] for one in ((), ("--device",))}
    user = ("--as", site.user)
    site.grant(role[()])
    plan = site.document("plan", "--device", "GPU-00000000", *user, code=Exit.FORBIDDEN)
    assert [one for one in plan["missingRights"] if "devicetaintrules" not in one] == []
    assert len(plan["missingRights"]) == 3
    site.grant(role[("--device",)])
    told = site.document("run", "--device", "GPU-00000000", "--yes", *user)
    assert told["state"] == "Done"
    assert site("abort", told["id"], *user).code == Exit.OK
    assert rules_of(site) == {}
