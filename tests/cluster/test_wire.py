"""The generated code is that of wire.proto, and what repeats in many objects is held once."""

import re
from pathlib import Path

from k8sai import facts
from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.wire import reader

PROTO = Path(pb.__file__).with_name("wire.proto")
FIELD = re.compile(r"^  (?:optional |repeated )?(?:[\w.]+|map<\w+, \w+>) (\w+) = (\d+);", re.MULTILINE)
MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


def test_the_generated_code_is_fresh() -> None:
    """Who changes wire.proto runs the command at its top."""
    text = PROTO.read_text(encoding="utf-8")
    written = {name: {f: int(n) for f, n in FIELD.findall(body)} for name, body in MESSAGE.findall(text)}
    generated = {
        name: {field.name: field.number for field in message.fields}
        for name, message in pb.DESCRIPTOR.message_types_by_name.items()
    }
    assert written == generated
    assert all(written.values())


def a_pod(name: str) -> bytes:
    requests = pb.ResourceRequirements(requests={"nvidia.com/gpu": pb.Quantity(text="8")}).SerializeToString()
    toleration = pb.Toleration(key="nvidia.com/gpu", operator="Exists").SerializeToString()
    spec = pb.PodSpec(containers=[pb.Container(name="main", resources=requests)], tolerations=[toleration])
    return pb.Pod(metadata=pb.ObjectMeta(name=name), spec=spec).SerializeToString()


def test_pods_of_one_shape_share_what_they_ask_for() -> None:
    one, two = (reader("pods")(a_pod(name)) for name in ("a", "b"))
    assert isinstance(one, facts.Pod) and isinstance(two, facts.Pod)
    assert one.spec.containers[0].resources.requests == {"nvidia.com/gpu": "8"}
    assert one.spec.containers[0].resources is two.spec.containers[0].resources
    assert one.spec.tolerations and two.spec.tolerations
    assert one.spec.tolerations[0] is two.spec.tolerations[0]


def test_an_empty_object_has_every_default() -> None:
    assert reader("pods")(b"") == facts.Pod(facts.ObjectMeta())
    assert reader("nodes")(b"") == facts.Node(facts.ObjectMeta())
    assert reader("resourceslices")(b"") == facts.ResourceSlice(facts.ObjectMeta())
    assert reader("resourceclaims")(b"") == facts.ResourceClaim(facts.ObjectMeta())
    assert reader("deviceclasses")(b"") == facts.DeviceClass(facts.ObjectMeta())
    assert reader("devicetaintrules")(b"") == facts.DeviceTaintRule(facts.ObjectMeta())
