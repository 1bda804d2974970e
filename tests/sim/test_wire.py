"""Protobuf bodies, and the shapes of the built-in kinds."""

import pytest

from k8sai.sim import fields, kinds, wire
from k8sai.sim.status import ApiFailure


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


def part(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def envelope(version: str, kind: str, message: bytes) -> bytes:
    return b"k8s\x00" + part(1, part(1, version) + part(2, kind)) + part(2, message)


def test_a_deployment_as_a_typed_client_sends_it() -> None:
    labels = part(1, "app") + part(2, "web")
    meta = part(1, "web") + part(3, "") + part(11, labels) + part(8, b"")
    amount = part(1, "nvidia.com/gpu") + part(2, part(1, "8"))
    container = part(1, "main") + part(2, "train:1") + part(8, part(1, amount)) + part(5, "")
    template = part(1, part(11, labels)) + part(2, part(2, container) + part(4, 30) + part(11, 0))
    rolling = part(1, "RollingUpdate") + part(
        2, part(1, part(1, 1) + part(3, "25%")) + part(2, part(1, 0) + part(2, 1))
    )
    spec = part(1, 0) + part(2, part(1, labels)) + part(3, template) + part(4, rolling) + part(7, 0)
    found = wire.decoded(envelope("apps/v1", "Deployment", part(1, meta) + part(2, spec) + part(3, b"")))
    assert (found["apiVersion"], found["kind"]) == ("apps/v1", "Deployment")
    assert found["metadata"] == {"name": "web", "labels": {"app": "web"}}
    assert found["spec"]["replicas"] == 0  # a pointer: zero is meant
    assert "paused" not in found["spec"]  # no pointer: zero is absence
    assert found["spec"]["selector"] == {"matchLabels": {"app": "web"}}
    assert found["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": 1}
    pod = found["spec"]["template"]["spec"]
    assert pod["containers"] == [{"name": "main", "image": "train:1", "resources": {"limits": {"nvidia.com/gpu": "8"}}}]
    assert pod["terminationGracePeriodSeconds"] == 30


def test_times_bytes_and_numbers_below_zero() -> None:
    micro = part(1, 1_800_000_000) + part(2, 5_000)
    lease = wire.decoded(envelope("coordination.k8s.io/v1", "Lease", part(2, part(1, "me") + part(3, micro))))
    assert lease["spec"] == {"holderIdentity": "me", "acquireTime": "2027-01-15T08:00:00.000005Z"}
    secret = wire.decoded(envelope("v1", "Secret", part(2, part(1, "k") + part(2, b"\xff\x00"))))
    assert secret["data"] == {"k": "/wA="}
    toleration = part(1, "k") + part(5, -1)
    pod = wire.decoded(envelope("v1", "Pod", part(2, part(22, toleration))))
    assert pod["spec"]["tolerations"] == [{"key": "k", "tolerationSeconds": -1}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{}", 400),
        (b"k8s\x00\x0a\xff", 400),
        (envelope("v1", "ConfigMap", b"\x0a\x05ab"), 400),
        (envelope("v1", "ConfigMap", part(99, "new")), 400),
        (envelope("v1", "ConfigMap", b"\x0b"), 400),
        (envelope("v1", "ConfigMap", b"\x08" + b"\xff" * 12), 400),
        (envelope("example.com/v1", "Gizmo", b""), 415),
    ],
)
def test_broken_and_unknown_bodies(body: bytes, code: int) -> None:
    with pytest.raises(ApiFailure) as caught:
        wire.decoded(body)
    assert caught.value.code == code


def test_the_table_is_whole() -> None:
    table = wire.messages()
    for name, message in table.items():
        for field in message.values():
            assert field.type in table or field.type in "sibyqtmxr", (name, field)
    missing = [one.title for one in kinds.BUILTIN if one.builtin and one.kind not in table and len(one.verbs) > 1]
    assert missing == []


@pytest.mark.parametrize(
    ("spec", "field", "kind"),
    [
        ({"containers": {}}, "PodSpec.spec.containers", "array"),
        ({"containers": [{"args": "x"}]}, "Container.spec.containers[0].args", "array"),
        ({"priority": "high"}, "PodSpec.spec.priority", "int64"),
        ({"hostNetwork": 1}, "PodSpec.spec.hostNetwork", "bool"),
        ({"nodeSelector": {"a": 1}}, "PodSpec.spec.nodeSelector", "string"),
        ({"overhead": {"cpu": True}}, "PodSpec.spec.overhead", "resource.Quantity"),
    ],
)
def test_wrong_types_name_the_field(spec: dict[str, object], field: str, kind: str) -> None:
    with pytest.raises(ApiFailure) as caught:
        fields.check(kinds.find("", "pods"), {"spec": spec}, "Ignore")
    assert caught.value.code == 400
    assert f"Go struct field {field} of type {kind}" in caught.value.message


def test_unknown_fields_go_and_nulls_stay() -> None:
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"creationTimestamp": None}, "spec": {"x": 1}, "y": 2}
    assert fields.check(kinds.find("", "pods"), pod, "Ignore") == []
    assert pod == {"kind": "Pod", "apiVersion": "v1", "metadata": {"creationTimestamp": None}, "spec": {}}
    custom = {"spec": {"anything": 1}}
    assert fields.check(kinds.find("jobset.x-k8s.io", "jobsets"), custom, "Strict") == []
