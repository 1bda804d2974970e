"""Namespaces, LimitRanges, devices without a mapping, resources without quota."""

import pytest

from k8sai.errors import Exit
from tests.queues.why_world import (
    ask,
    base,
    cluster_queue,
    group,
    told,
    training,
    unreserved,
    workload,
)
from tests.why.objects import GPU, Json, obj

# --- the namespace and its limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "message", "fix"),
    [
        (None, "ClusterQueue gpus admits no namespace: its namespaceSelector is not set",
         "set namespaceSelector to {} or to labels of the namespace"),
        ({"matchLabels": {"team": "vision"}}, "ClusterQueue gpus does not admit its namespace",
         "label the namespace so that team=vision"),
        ({"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "b"]}]},
         "ClusterQueue gpus does not admit its namespace", "label the namespace so that team In a,b"),
    ],
)  # fmt: skip
def test_the_namespace_is_not_admitted(selector: Json | None, message: str, fix: str) -> None:
    train = training()
    word = unreserved("workload namespace doesn't match ClusterQueue selector")
    why = ask("job/train", base(cluster_queue(namespaceSelector=selector)), train, workload(train, word))
    assert (told(why), why.message) == (("Misconfigured", Exit.BLOCKED, "never"), message)
    assert [one.text for one in why.blockers[0].fixes] == [fix]


def limit_range(kind: str, **limits: Json) -> Json:
    return obj("LimitRange", "sizes", spec={"limits": [{"type": kind, **limits}]})


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (limit_range("Container", max={GPU: "4"}),
         "container main of pod set main asks 8 nvidia.com/gpu, LimitRange sizes allows 4"),
        (limit_range("Pod", max={"cpu": "500m"}), "a pod of pod set main asks 1 cpu, LimitRange sizes allows 500m"),
        (limit_range("Container", min={"memory": "1Gi"}),
         "container main of pod set main asks 0 memory, LimitRange sizes wants 1Gi"),
    ],
)  # fmt: skip
def test_a_limit_range(limit: Json, message: str) -> None:
    train = training()
    why = ask("job/train", base(), limit, train, workload(train))
    assert (told(why), why.message) == (("LimitRange", Exit.FINDINGS, "never"), message)
    assert why.next == "kubectl describe limitrange/sizes -n ml"


def test_requests_within_a_limit_range() -> None:
    train = training()
    assert ask("job/train", base(), limit_range("Container", max={GPU: "8"}), train, workload(train)).code == "FitsNow"


def test_requests_above_limits() -> None:
    train = training(1)
    resources = train["spec"]["template"]["spec"]["containers"][0]["resources"]
    resources["requests"][GPU] = "2"
    why = ask("job/train", base(), train, workload(train))
    assert told(why) == ("BadRequests", Exit.FINDINGS, "never")
    assert why.message == "container main of main requests more nvidia.com/gpu than its limit"


# --- devices and resources without quota ------------------------------------------------------------------------------


def test_a_device_class_that_is_not_mapped() -> None:
    train = training(0, of={"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "one"}]})
    text = (
        'spec.podSets[0].template.spec.resourceClaims[0]: Not found: "DeviceClass gpu.example.com is not mapped in DRA '
        'configuration for podset main"'
    )
    why = ask("job/train", base(), train, workload(train, unreserved(text, "Inadmissible")))
    assert told(why) == ("DeviceMappingMissing", Exit.BLOCKED, "never")
    assert "maps DeviceClass gpu.example.com to no resource" in why.message


def test_a_resource_that_no_group_covers_also_without_a_word() -> None:
    train = training()
    only_gpus = cluster_queue(groups=[group(("h100", {"nominalQuota": 8}))])
    why = ask("job/train", base(only_gpus), train, workload(train))
    assert told(why) == ("ResourceNotCovered", Exit.BLOCKED, "never")
    assert why.message == "it asks 1 cpu, of which ClusterQueue gpus has no quota at all"
    assert why.blockers[0].fixes[0].text == "cover cpu in ClusterQueue gpus"
