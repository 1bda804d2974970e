"""Would admission take the pods: quotas with scopes, and what LimitRanges fill in and refuse."""

from decimal import Decimal
from typing import Any

import pytest

from k8sai.fit.ask import Group
from k8sai.fit.limits import refusals, with_defaults
from k8sai.fit.quota import barriers, usage

GPU = "nvidia.com/gpu"


def group(count: int = 4, limits: dict[str, Any] | None = None, namespace: str = "a", **spec: Any) -> Group:
    resources = {"limits": {GPU: "8"} if limits is None else limits}
    pod = {
        "metadata": {"namespace": namespace},
        "spec": {"containers": [{"name": "c", "resources": resources}], **spec},
    }
    return Group("pod", count, pod)


def of_class(**more: Any) -> dict[str, Any]:
    return {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", **more}]}}


def quota(hard: dict[str, Any], used: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "a", "name": "q"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used or {}},
    }


def test_what_a_pod_takes() -> None:
    taken = usage(group(limits={GPU: 8, "cpu": "500m", "memory": "1Gi"}))
    assert taken == {
        "pods": 1,
        "count/pods": 1,
        "requests.nvidia.com/gpu": 8,
        "requests.cpu": Decimal("0.5"),
        "cpu": Decimal("0.5"),
        "requests.memory": 1 << 30,
        "memory": 1 << 30,
        "limits.nvidia.com/gpu": 8,
        "limits.cpu": Decimal("0.5"),
        "limits.memory": 1 << 30,
    }


def test_room_enough() -> None:
    assert barriers([group()], [quota({"requests.nvidia.com/gpu": 64}, {"requests.nvidia.com/gpu": 32})]) == []


def test_too_little_left() -> None:
    (found,) = barriers([group()], [quota({"requests.nvidia.com/gpu": 64}, {"requests.nvidia.com/gpu": 52})])
    assert found.text == "ResourceQuota a/q leaves 12 of 64 requests.nvidia.com/gpu, 32 would be needed"
    assert found.missing == {"requests.nvidia.com/gpu": Decimal(20)}
    assert (found.never, found.pods) == (False, 1)


def test_more_than_there_ever_is() -> None:
    (found,) = barriers([group()], [quota({"pods": 3})])
    assert (found.never, found.pods, found.missing) == (True, 3, {"pods": Decimal(1)})


def test_what_ends_gives_back() -> None:
    full = quota({"requests.nvidia.com/gpu": 64}, {"requests.nvidia.com/gpu": 52})
    assert barriers([group()], [full], {"a": {"requests.nvidia.com/gpu": Decimal(20)}}) == []
    assert barriers([group()], [full], {"a": {"requests.nvidia.com/gpu": Decimal(19)}}) != []


def test_another_namespace_has_its_own() -> None:
    assert barriers([group(namespace="b")], [quota({"pods": 0})]) == []


def test_a_quota_insists_on_a_word() -> None:
    (found,) = barriers([group()], [quota({"requests.cpu": 100, "limits.memory": "1Ti"})])
    assert found.text == "ResourceQuota a/q takes only pods that name their limits.memory and requests.cpu"
    assert found.never


@pytest.mark.parametrize(
    ("spec", "pod", "counts"),
    [
        ({"scopes": ["BestEffort"]}, {}, True),
        ({"scopes": ["NotBestEffort"]}, {}, False),
        ({"scopes": ["Terminating"]}, {}, False),
        ({"scopes": ["Terminating"]}, {"activeDeadlineSeconds": 60}, True),
        ({"scopes": ["NotTerminating"]}, {}, True),
        ({"scopes": ["CrossNamespacePodAffinity"]}, {}, False),
        (of_class(operator="Exists"), {}, False),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["x"]}]
                }
            },
            {"priorityClassName": "x"},
            True,
        ),
    ],
)
def test_scopes(spec: dict[str, Any], pod: dict[str, Any], counts: bool) -> None:
    assert bool(barriers([group(**pod)], [quota({"pods": 1}, **spec)])) is counts


def ranges(**item: Any) -> list[dict[str, Any]]:
    return [{"metadata": {"namespace": "a", "name": "r"}, "spec": {"limits": [{"type": "Container", **item}]}}]


def test_defaults_are_filled_in() -> None:
    filled = with_defaults(group(), ranges(default={"cpu": "2", GPU: "1"}, defaultRequest={"cpu": "1"}))
    assert filled.pod["spec"]["containers"][0]["resources"] == {
        "limits": {GPU: "8", "cpu": "2"},
        "requests": {GPU: "8", "cpu": "1"},
    }


def test_a_limit_is_the_request_before_a_default_is() -> None:
    filled = with_defaults(group(limits={"cpu": "4"}), ranges(defaultRequest={"cpu": "1"}))
    assert filled.pod["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "4"}


def test_bounds() -> None:
    assert refusals(group(), ranges(max={GPU: 4})) == ["LimitRange a/r allows a container 4 nvidia.com/gpu, 8 is asked"]
    assert refusals(group(limits={"cpu": "4"}), ranges(max={"cpu": "4"})) == []
    small = with_defaults(group(limits={"cpu": "100m"}), ranges(min={"cpu": "1"}))
    assert refusals(small, ranges(min={"cpu": "1"})) == [
        "LimitRange a/r insists on 1 cpu for a container, 100m is asked"
    ]
    pods = [{"metadata": {"namespace": "a", "name": "r"}, "spec": {"limits": [{"type": "Pod", "max": {GPU: "4"}}]}}]
    assert refusals(group(), pods) == ["LimitRange a/r allows a pod 4 nvidia.com/gpu, 8 is asked"]
