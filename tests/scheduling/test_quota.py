"""The scopes of a quota: which pods it counts."""

from typing import Any

import pytest

from k8sai.scheduling.quota import covers

Json = dict[str, Any]


def pod(requests: Json | None = None, **spec: Any) -> Json:
    return {"containers": [{"name": "main", "resources": {"requests": requests or {}}}], **spec}


def scoped(name: str, operator: str = "Exists", *values: str) -> Json:
    return {"scopeSelector": {"matchExpressions": [{"scopeName": name, "operator": operator, "values": list(values)}]}}


TERM = {"topologyKey": "zone", "namespaces": ["other"]}


@pytest.mark.parametrize(
    ("quota", "one", "expected"),
    [
        ({}, pod(), True),
        ({"scopes": ["BestEffort"]}, pod(), True),
        ({"scopes": ["BestEffort"]}, pod({"nvidia.com/gpu": "8"}), True),
        ({"scopes": ["BestEffort"]}, pod({"cpu": "0"}), True),
        ({"scopes": ["BestEffort"]}, pod({"cpu": "1"}), False),
        ({"scopes": ["NotBestEffort"]}, pod({"nvidia.com/gpu": "8"}), False),
        ({"scopes": ["NotBestEffort"]}, pod({"memory": "1Gi"}), True),
        ({"scopes": ["NotBestEffort"]}, pod(resources={"limits": {"cpu": "1"}}), True),
        (
            {"scopes": ["NotBestEffort"]},
            pod(initContainers=[{"name": "i", "resources": {"limits": {"cpu": "1"}}}]),
            True,
        ),
        ({"scopes": ["Terminating"]}, pod(activeDeadlineSeconds=60), True),
        ({"scopes": ["Terminating"]}, pod(), False),
        ({"scopes": ["NotTerminating"]}, pod(activeDeadlineSeconds=60), False),
        ({"scopes": ["Terminating", "BestEffort"]}, pod({"cpu": "1"}, activeDeadlineSeconds=60), False),
        (scoped("PriorityClass", "In", "high"), pod(priorityClassName="high"), True),
        (scoped("PriorityClass", "In", "high"), pod(priorityClassName="low"), False),
        (scoped("PriorityClass", "In", "high"), pod(), False),
        (scoped("PriorityClass", "NotIn", "high"), pod(), True),
        (scoped("PriorityClass", "Exists"), pod(), False),
        (scoped("PriorityClass", "DoesNotExist"), pod(), True),
        (scoped("CrossNamespacePodAffinity"), pod(), False),
        (
            scoped("CrossNamespacePodAffinity"),
            pod(
                affinity={
                    "podAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": TERM}]
                    }
                }
            ),
            True,
        ),
        (
            scoped("CrossNamespacePodAffinity"),
            pod(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}),
            True,
        ),
        (scoped("VolumeAttributesClass"), pod(), False),
    ],
)
def test_scopes(quota: Json, one: Json, expected: bool) -> None:
    assert covers(quota, one) is expected
