"""A volume that only one node can mount ties a canary to that node."""

from k8sai.canary.checks.room import room
from k8sai.canary.checks.room_answer import Answer
from tests.canary.sites import MOUNT, canary, mounted, short_of


def test_a_volume_for_one_node_needs_room_on_that_node() -> None:
    assert room(mounted("ReadWriteOnce"), [canary(gpus=4, volumes=MOUNT)]) == Answer()
    found = short_of(room(mounted("ReadWriteOnce"), [canary(gpus=8, volumes=MOUNT)]))
    assert (found.code, found.options) == ("volume", ())
    assert found.sentence == (
        "volume claim weights is mounted on node n0, and ReadWriteOnce lets one node alone mount it, which has no room "
        "for these pods"
    )


def test_a_volume_for_many_nodes_ties_nobody() -> None:
    assert room(mounted("ReadOnlyMany"), [canary(gpus=8, volumes=MOUNT)]) == Answer()


def test_a_template_with_an_affinity_of_its_own_is_tied_as_well() -> None:
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["host-n1"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    found = room(mounted("ReadWriteOnce"), [canary(gpus=4, volumes=MOUNT, affinity=affinity)])
    assert short_of(found).code == "volume"


def test_no_room_anywhere_is_no_matter_of_the_volume() -> None:
    found = short_of(room(mounted("ReadWriteOnce"), [canary(gpus=16, volumes=MOUNT)]))
    assert found.code == "nodes"
