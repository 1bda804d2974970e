"""The table of list types, and the shapes read from it."""

import pytest

from k8sai.schema.list_types import TYPES
from k8sai.schema.lists import METADATA, UNTYPED, Custom, Shape, shape_of


def at(shape: Shape, path: str) -> Shape:
    for name in path.split("."):
        shape = shape.item() if name == "*" else shape.field(name)
    return shape


@pytest.mark.parametrize(
    ("kind", "path", "keys"),
    [
        ("Pod", "spec.containers", ("name",)),
        ("Pod", "spec.initContainers.*.env", ("name",)),
        ("Pod", "spec.containers.*.ports", ("containerPort", "protocol")),
        ("Pod", "spec.topologySpreadConstraints", ("topologyKey", "whenUnsatisfiable")),
        ("Service", "spec.ports", ("port", "protocol")),
        ("Node", "status.conditions", ("type",)),
    ],
)
def test_items_are_told_apart_by_keys(kind: str, path: str, keys: tuple[str, ...]) -> None:
    found = at(shape_of("v1", kind), path)
    assert (found.list_type, found.keys) == ("map", keys)


def test_templates_go_down_to_the_containers() -> None:
    path = "spec.jobTemplate.spec.template.spec.containers.*.volumeMounts"
    assert at(shape_of("batch/v1", "CronJob"), path).keys == ("mountPath",)


def test_the_defaults_of_keys() -> None:
    ports = at(shape_of("v1", "Service"), "spec.ports")
    assert (ports.key_default("protocol"), ports.key_default("port")) == ("TCP", 0)
    assert at(shape_of("v1", "Pod"), "spec.containers").key_default("name") == ""
    assert shape_of("v1", "ServiceAccount").field("secrets").key_default("name") is None


def test_what_is_replaced_whole() -> None:
    spec = shape_of("v1", "Pod").field("spec")
    assert spec.field("nodeSelector").atomic
    assert (spec.field("tolerations").list_type, spec.field("tolerations").keys) == ("atomic", ())
    assert not spec.field("securityContext").atomic
    assert at(spec, "containers.*.command").list_type == "atomic"


def test_sets() -> None:
    assert at(shape_of("v1", "ConfigMap"), "metadata.finalizers").list_type == "set"


def test_kinds_without_a_line_have_metadata() -> None:
    assert shape_of("node.k8s.io/v1", "RuntimeClass").field("metadata").field("ownerReferences").keys == ("uid",)


def test_events_of_the_two_groups() -> None:
    assert shape_of("v1", "Event").field("involvedObject").atomic
    assert shape_of("events.k8s.io/v1", "Event").field("regarding").atomic


def test_custom_kinds_are_deduced() -> None:
    shape = shape_of("example.com/v1", "Widget")
    assert shape.field("metadata") == METADATA
    assert (shape.named("metadata"), shape.named("spec")) == (True, False)
    assert shape.field("spec").field("parts").list_type == "atomic"
    assert not shape.field("spec").atomic


def test_custom_kinds_that_everybody_here_writes() -> None:
    jobs = at(shape_of("jobset.x-k8s.io/v1alpha2", "JobSet"), "spec.replicatedJobs")
    assert (jobs.keys, at(jobs, "*.template.spec.template.spec.containers").keys) == (("name",), ("name",))
    workload = shape_of("kueue.x-k8s.io/v1beta2", "Workload").field("spec").field("podSets")
    assert (workload.keys, workload.key_default("name")) == (("name",), "main")
    assert shape_of("kueue.x-k8s.io/v1beta2", "Cohort").field("metadata") == METADATA


def test_items_that_are_replaced_whole() -> None:
    secrets = at(shape_of("v1", "Pod"), "spec.imagePullSecrets")
    assert (secrets.keys, secrets.item().atomic) == (("name",), True)


def test_a_schema_describes_what_is_not_metadata() -> None:
    shape = Custom(shape_of("apps/v1", "Deployment"))
    assert shape.field("metadata") == METADATA
    assert shape.field("spec").field("selector").atomic
    assert Custom(UNTYPED).item() == UNTYPED


def test_every_type_that_a_line_names_has_a_line() -> None:
    words = TYPES.split()
    named = {word.partition(":")[2].rpartition("]")[2] for word in words if not word.endswith(":")}
    lines = [word[:-1] for word in words if word.endswith(":")]
    assert named - {"", "!", "set"} <= set(lines)
    assert len(lines) == len(set(lines))
