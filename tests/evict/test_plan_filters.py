"""kubectl drain's filters: what goes, what stays, what needs a flag."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.errors import Usage
from k8sai.evict.planning.filters import sort
from k8sai.evict.state import Settings

Json = dict[str, Any]
EVERYTHING = Settings(force=True, ignore_daemonsets=True, delete_emptydir=True)


def pod(kind: str = "ReplicaSet", *, phase: str = "Running", scratch: bool = False, **meta: Any) -> Json:
    owners = [{"kind": kind, "name": "owner", "uid": "o", "controller": True}] if kind else []
    volumes: list[Json] = [{"name": "cache", "emptyDir": {}}] if scratch else []
    return {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u", "ownerReferences": owners, **meta},
        "spec": {"volumes": volumes},
        "status": {"phase": phase},
    }


def sorted_as(one: Json, settings: Settings | None = None, *, there: bool = True) -> tuple[str, list[str], str]:
    (found,) = sort([one], settings or Settings(), lambda *_: there)
    return found.way, [refusal.word for refusal in found.refusals], found.why


@pytest.mark.parametrize(
    ("one", "words", "flag"),
    [
        (pod("DaemonSet"), ["daemonset"], "ignore_daemonsets"),
        (pod(scratch=True), ["emptydir"], "delete_emptydir"),
        (pod(""), ["unmanaged"], "force"),
    ],
)
def test_what_needs_a_flag_is_refused_with_its_name(one: Json, words: list[str], flag: str) -> None:
    assert sorted_as(one)[:2] == ("refuse", words)
    (found,) = sort([one], Settings(), lambda *_: True)
    kubectl = {"delete_emptydir": "--delete-emptydir-data"}.get(flag, "--" + flag.replace("_", "-"))
    assert [refusal.flag for refusal in found.refusals] == [kubectl]
    given: Json = {flag: True}
    with_it = sorted_as(one, replace(Settings(), **given))
    assert with_it == (("skip", [], "daemonset") if flag == "ignore_daemonsets" else ("evict", [], ""))


def test_all_that_is_missing_is_said_at_once() -> None:
    assert sorted_as(pod("", scratch=True)) == ("refuse", ["emptydir", "unmanaged"], "")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
@pytest.mark.parametrize("kind", ["", "DaemonSet", "Job"])
def test_what_has_ended_goes(kind: str, phase: str) -> None:
    assert sorted_as(pod(kind, phase=phase, scratch=True)) == ("evict", [], "")


def test_mirrors_stay() -> None:
    mirror = pod("Node", annotations={"kubernetes.io/config.mirror": "x"}, scratch=True)
    assert sorted_as(mirror) == ("skip", [], "mirror")


def test_an_orphan_of_a_daemon_set_goes_by_force_alone() -> None:
    assert sorted_as(pod("DaemonSet"), Settings(ignore_daemonsets=True), there=False)[:2] == ("refuse", ["unmanaged"])
    assert sorted_as(pod("DaemonSet"), EVERYTHING, there=False) == ("evict", [], "")


def test_what_is_ending_is_waited_for() -> None:
    assert sorted_as(pod(deletionTimestamp="2026-01-01T00:00:00Z")) == ("skip", [], "terminating")


def test_a_pod_selector_leaves_the_others_alone() -> None:
    only = Settings(pod_selector="app=a")
    assert sorted_as(pod("", labels={"app": "b"}), only) == ("skip", [], "selector")
    assert sorted_as(pod("", labels={"app": "a"}), only)[0] == "refuse"
    with pytest.raises(Usage):
        sort([pod()], Settings(pod_selector="a b"), lambda *_: True)
