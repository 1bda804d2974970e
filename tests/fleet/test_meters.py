"""What meters add: names where nobody gives any, gauges with the device, and no change to any figure."""

from typing import Any

from k8sai.commands import _layout
from k8sai.fleet import tables
from k8sai.fleet.answers import Gauge, NodeRow
from k8sai.fleet.document import document
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import take
from k8sai.view import Page
from tests.fleet.facts_by_hand import fleet_of, node, pod
from tests.fleet.test_identity import holds

MIG = "nvidia.com/mig-1g.10gb"
AT = "2026-11-21T10:00:00Z"
BUSY = Gauge(0.9, 70000.0, 81559.0, 612.5, 64.0, 1795255200.0)


def four(**more: Any) -> Any:
    return node(capacity={"nvidia.com/gpu": 4}, **more)


def seen(fleet: Fleet, *cards: str, held: dict[str, str] | None = None) -> NodeRow:
    """The node after a meter saw these cards, some with a pod on them."""
    fleet.use_readings(
        {card: ("n1", "team-a" if card in (held or {}) else "", (held or {}).get(card, "")) for card in cards}
    )
    return fleet.node("n1")


def states(row: NodeRow) -> list[tuple[str, str]]:
    return [(slot.device, slot.state) for slot in row.slots]


def test_idle_cards_get_their_names_where_only_free_places_are_left() -> None:
    fleet = fleet_of(four(), pod("a", 1, "n1", status=holds("GPU-0")))
    row = seen(fleet, "GPU-0", "GPU-1", "GPU-2", "GPU-3")
    assert states(row) == [("GPU-0", "held"), ("GPU-1", "free"), ("GPU-2", "free"), ("GPU-3", "free")]
    assert [(one.id, one.state, one.source) for one in row.devices][1:] == [
        (f"GPU-{n}", "free", "dcgm") for n in (1, 2, 3)
    ]


def test_a_broken_card_among_the_nameless_keeps_its_place() -> None:
    """Which of the four is broken nobody says: no place gets a name, and none is made free."""
    before = fleet_of(four(allocatable={"nvidia.com/gpu": 3}))
    without = [slot.state for slot in before.node("n1").slots]
    row = seen(before, "GPU-0", "GPU-1", "GPU-2", "GPU-3")
    assert [slot.state for slot in row.slots] == without == ["free", "free", "free", "unhealthy"]
    assert {one.state for one in row.devices} == {"unknown"}


def test_a_holder_without_a_card_keeps_its_place() -> None:
    fleet = fleet_of(four(), pod("a", 2, "n1"))
    row = seen(fleet, "GPU-0", "GPU-1", "GPU-2", "GPU-3")
    assert states(row) == [("", "held"), ("", "held"), ("", "free"), ("", "free")]
    row = seen(fleet, "GPU-0", "GPU-1", "GPU-2", "GPU-3", held={"GPU-2": "a", "GPU-3": "a"})
    assert states(row) == [("GPU-2", "held"), ("GPU-3", "held"), ("GPU-0", "free"), ("GPU-1", "free")]


def test_no_card_is_made_up() -> None:
    """A pod whose cards have names, or a node whose cards have: the meter's are the same under other names."""
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 1}), pod("a", 1, "n1", status=holds("nvidia0")))
    row = seen(fleet, "GPU-0", "GPU-1", held={"GPU-0": "a"})
    assert [one.id for one in row.devices] == ["nvidia0"]
    assert states(row) == [("nvidia0", "held")]


def test_a_shared_card_is_held_in_part() -> None:
    labels = {"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing"}
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 4}, labels=labels), pod("a", 1, "n1"))
    (device,) = seen(fleet, "GPU-0", held={"GPU-0": "a"}).devices
    assert [holder.share for holder in device.holders] == [0.25]


def test_figures_do_not_depend_on_meters() -> None:
    fleet = fleet_of(four(allocatable={"nvidia.com/gpu": 3}), pod("a", 2, "n1"), pod("b", 9))
    before = (fleet.totals(), fleet.by_kind(), fleet.products(), fleet.node("n1").figures)
    seen(fleet, *(f"GPU-{n}" for n in range(9)), held={"GPU-1": "a", "GPU-2": "b"})
    assert (fleet.totals(), fleet.by_kind(), fleet.products(), fleet.node("n1").figures) == before


# --- gauges -----------------------------------------------------------------------------------------------------------


def metered() -> Fleet:
    slices = {"nvidia.com/gpu": 1, MIG: 7}
    fleet = fleet_of(
        four(),
        pod("a", 1, "n1", status=holds("GPU-0")),
        node("n2", capacity=slices),
        pod("m", 1, "n2", resource=MIG, status=holds("MIG-1", resource=MIG)),
        node("n3", capacity={"nvidia.com/gpu": 4}),
    )
    fleet.use_readings(
        {"GPU-0": ("n1", "", ""), "GPU-1": ("n1", "", ""), "GPU-2": ("n1", "", "")},
        {"GPU-0": BUSY, "GPU-1": Gauge(0.1, at=1795255200.0), "GPU-2": Gauge(power=80.0, at=1795255200.0)},
        {("team-a", "m"): Gauge(0.5, at=1795255200.0)},
    )
    return fleet


def test_the_gauge_goes_with_the_device() -> None:
    fleet = metered()
    view = document(take(fleet, context="c", at=AT))
    devices = {device["id"]: device for one in view["nodes"] for device in one["devices"]}
    told = ("utilization", "memoryUsedMiB", "memoryTotalMiB", "powerWatts", "temperatureCelsius", "at")
    assert [devices["GPU-0"][key] for key in told] == [0.9, 70000, 81559, 612.5, 64, AT]
    assert [key for key in devices["GPU-2"] if key in told] == ["powerWatts", "at"]
    assert devices["MIG-1"]["utilization"] == 0.5, "the one slice of its pod"


def test_the_mean_of_the_cards_that_tell() -> None:
    fleet = metered()
    assert fleet.node("n1").utilization == 0.5
    assert fleet.node("n2").utilization is None


def test_the_column_is_there_when_somebody_measures() -> None:
    def wide(fleet: Fleet) -> list[str]:
        page = Page((tables.nodes(take(fleet, context="c", at=AT).nodes, AT),))
        return _layout.text(page, _layout.Style(wide=True)).splitlines()

    heading, *rows = wide(metered())
    at = heading.index("UTIL")
    assert [row[at : at + 4].strip() for row in rows] == ["50%", "–", "–"]
    assert "UTIL" not in wide(fleet_of(four()))[0]
    narrow = _layout.text(Page((tables.nodes(take(metered(), context="c", at=AT).nodes, AT),)), _layout.Style())
    assert "UTIL" not in narrow


def test_readings_stay_until_the_next() -> None:
    fleet = metered()
    fleet.use_readings({})
    assert [one.gauge for one in fleet.node("n1").devices] == [None]
    assert fleet.node("n1").utilization is None
