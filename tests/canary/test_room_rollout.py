"""Room for a whole rollout, and what is said where something may not be read."""

import pytest

from k8sai.canary.checks.room import insist, room, whole
from k8sai.canary.checks.room_answer import Answer, Room
from k8sai.canary.facts import Demand
from k8sai.cluster.sources import Source
from k8sai.errors import NoCapacity, Refused
from tests.canary.sites import MOUNT, canary, full, mounted, node, site, template


def test_nodes_that_may_not_be_read_make_a_note() -> None:
    nobody = site()
    nobody.sources = (Source("nodes", "forbidden", message="nodes is forbidden"),)
    found = room(nobody, [canary()])
    assert found == Answer(notes=("whether there is room is not known: nodes is forbidden",))


def test_quotas_that_may_not_be_read_may_still_forbid_it() -> None:
    found = room(site(node("a"), denied=("resourcequotas",)), [canary()])
    assert found.short is None
    assert found.notes == (
        "resourcequotas were not read, so they may still forbid it: resourcequotas is forbidden: "
        'User "eve" cannot list resource "resourcequotas"',
    )


def test_no_guess_where_a_no_may_be_wrong() -> None:
    half = site(*full())
    half.sources = (Source("resourceslices", "forbidden", message="no"),)
    found = room(half, [canary()])
    assert found.short is None
    assert found.notes[0].startswith("the canary: As far as may be read: ")


def test_a_canary_without_room_is_refused_with_what_would_do() -> None:
    found = whole(site(*full()), [canary()], [])
    with pytest.raises(NoCapacity) as caught:
        insist(found)
    assert caught.value.message == (
        "nothing was created: the canary finds no room (lacking 8 nvidia.com/gpu): no node takes a pod of 8 GPUs; "
        "3 nodes are short of nvidia.com/gpu"
    )
    assert caught.value.hint == "take 1 replica of the stable side first, if 2 replicas can bear its load: `--swap`"


def test_a_promotion_without_room_now_is_told() -> None:
    peak = Demand(template(), 3, "the canary at full size, before the swap")
    found = whole(site(*full(), node("free")), [canary()], [peak])
    assert insist(found) == (
        "the promotion finds no room now: the canary at full size, before the swap: 1 of 3 pods of 8 GPUs fits; 3 "
        "nodes are short of nvidia.com/gpu",
    )


def test_a_promotion_that_will_never_have_room_is_refused() -> None:
    peak = Demand(template(), 9, "the canary at full size, before the swap")
    with pytest.raises(NoCapacity):
        insist(whole(site(*full(), node("free")), [canary()], [peak]))


def test_a_volume_is_a_rule_and_no_lack_of_room() -> None:
    with pytest.raises(Refused):
        insist(whole(mounted("ReadWriteOnce"), [canary(gpus=8, volumes=MOUNT)], []))


def test_notes_are_said_once() -> None:
    told = Answer(notes=("a",))
    assert Room(told, told).notes == ("a",)
