"""All rollouts of a cluster: with their holders, with what is not understood, with who has lost their operator."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.keeping import form, names
from k8sai.canary.keeping.listing import lost, rollouts
from k8sai.canary.state import Intent
from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden
from k8sai.holding.holder import Holder
from tests.canary.keepers import rollout, target

Json = dict[str, Any]
NOW = 1_800_000_000.0
REF = target("prod")
ALIVE = Holder("ana@host/1/x", 9.0, False, 1)
DEAD = replace(ALIVE, age=90.0, expired=True)
SHIFT = Intent("shift", 25, 5, "", "ana")


class Cluster:
    """Answers lists by kind and labels."""

    context = "test"

    def __init__(self, *objects: Json, forbidden: str = "") -> None:
        self.objects, self.forbidden = objects, forbidden
        self.asked: list[tuple[str, str, str]] = []

    def served(self, kind: str) -> bool:
        return True

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        self.asked.append((kind, namespace, labels))
        if kind == self.forbidden:
            raise Forbidden(f"you may not list {kind}")
        wanted = dict(one.split("=") for one in labels.split(","))
        return [
            one
            for one in self.objects
            if one["kind"] == kind
            and namespace in ("", one["metadata"]["namespace"])
            and wanted.items() <= one["metadata"]["labels"].items()
        ]

    def get(self, kind: str, namespace: str, name: str) -> Json:
        raise NotImplementedError


def kept(namespace: str, name: str, text: str = "", **more: Any) -> list[Json]:
    """The three objects of a rollout."""
    ref = target(namespace, name)
    state, snapshot = names.state_at(ref), names.snapshot_at(ref, "01JD1")
    text = text or form.text(rollout(ref, **more))
    spec = {"holderIdentity": "ana@host/1/x", "renewTime": "2027-01-15T07:59:51Z", "leaseDurationSeconds": 60}
    return [
        {"kind": "configmaps", "metadata": names.metadata(state, ref, "state"), "data": {"state.json": text}},
        {"kind": "configmaps", "metadata": names.metadata(snapshot, ref, "snapshot"), "data": {"snapshot.json": "{}"}},
        {
            "kind": "leases.coordination.k8s.io",
            "metadata": names.metadata(names.lease_at(ref), ref, "lease"),
            "spec": spec,
        },
    ]


def test_each_with_its_holder() -> None:
    cluster = Cluster(*kept("prod", "chat"), *kept("dev", "code", phase=Phase.PROMOTED)[:2])
    found = rollouts(Reading(cluster), "", NOW)
    assert [(one.namespace, one.target.rpartition("/")[2], one.holder) for one in found] == [
        ("dev", "code", None),
        ("prod", "chat", replace(ALIVE, epoch=0)),
    ]
    assert [one.state.phase for one in found if one.state] == [Phase.PROMOTED, Phase.GATING]
    assert {labels for _, _, labels in cluster.asked} == {
        "k8sai.dev/canary=1",
        "k8sai.dev/canary=1,k8sai.dev/canary-part=state",
    }


def test_of_one_namespace() -> None:
    cluster = Cluster(*kept("prod", "chat"), *kept("dev", "code"))
    assert [one.namespace for one in rollouts(Reading(cluster), "dev", NOW)] == ["dev"]


def test_what_is_not_understood_is_listed_as_that() -> None:
    (one,) = rollouts(Reading(Cluster(*kept("prod", "chat", '{"version": 9}'))), "", NOW)
    assert (one.state, one.target, one.lost) == (None, f"{REF.kind}/chat", False)
    assert one.trouble == "it is in version 9, and this k8sai knows 1"


def test_without_the_right_to_see_leases_nobody_is_said_to_hold_them() -> None:
    reading = Reading(Cluster(*kept("prod", "chat"), forbidden="leases.coordination.k8s.io"))
    (one,) = rollouts(reading, "", NOW)
    assert (one.holder, one.state is None) == (None, False)
    assert [gap.what for gap in reading.hidden] == ["leases.coordination.k8s.io"]


@pytest.mark.parametrize(
    ("more", "holder", "is_lost"),
    [
        ({}, ALIVE, False),
        ({}, DEAD, True),
        ({}, None, False),  # it was given back in order, between two steps
        ({"pending": SHIFT}, ALIVE, False),
        ({"pending": SHIFT}, DEAD, True),
        ({"pending": SHIFT}, None, True),  # half done, and nobody is at it
        ({"phase": Phase.PAUSED}, DEAD, False),
        ({"phase": Phase.PAUSED, "pending": SHIFT}, DEAD, True),
        ({"phase": Phase.DRIFTED}, DEAD, False),
        ({"phase": Phase.ROLLED_BACK}, DEAD, False),
        ({"phase": Phase.PROMOTED}, DEAD, False),
        ({"phase": Phase.PROMOTED, "pending": SHIFT}, None, True),
        ({"phase": Phase.ROLLING_BACK}, DEAD, True),
    ],
)
def test_who_has_lost_an_operator(more: Json, holder: Holder | None, is_lost: bool) -> None:
    assert lost(rollout(REF, **more), holder) is is_lost
