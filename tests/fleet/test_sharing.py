"""Fractions of cards that KAI and Run:ai hand out by annotation, and the pods that reserve the cards for them."""

from itertools import permutations

import pytest

from k8sai.facts import Object, Pod
from k8sai.fleet.answers import Figures
from tests.fleet.facts_by_hand import fleet_of, node, pod

GROUP = {"runai-gpu-group": "g1"}
BIG = node(labels={"nvidia.com/gpu.memory": "80000"})


def fraction(name: str, node: str = "n1", *, labels: dict[str, str] | None = None, **annotations: str) -> Pod:
    said = {key.replace("_", "-"): value for key, value in annotations.items()}
    return pod(name, 0, node, labels=GROUP if labels is None else labels, annotations=said)


def reservation() -> Pod:
    labels = {**GROUP, "app": "kai-resource-reservation"}
    return pod("gpu-reservation-n1", 1, "n1", namespace="kai-resource-reservation", labels=labels)


def test_fractions_count_for_themselves_and_the_reservation_for_the_rest() -> None:
    facts: tuple[Object, ...] = (
        BIG,
        reservation(),
        fraction("a", gpu_fraction="0.5"),
        fraction("b", gpu_memory="20000"),
    )
    for order in permutations(facts):
        fleet = fleet_of(*order)
        assert fleet.totals() == Figures(capacity=8, allocatable=8, used=1, free=7)
        assert {(total.name, total.figures.used) for total in fleet.namespaces()} == {
            ("team-a", 0.75),
            ("kai-resource-reservation", 0.25),
        }
        slots = fleet.node("n1").slots
        assert [(slot.used, slot.holders) for slot in slots if slot.state == "held"] == [(1, 3)]


def test_a_fraction_without_a_reservation_takes_its_part_of_the_node() -> None:
    fleet = fleet_of(BIG, fraction("a", labels={}, gpu_fraction="0.25"))
    assert fleet.totals() == Figures(capacity=8, allocatable=8, used=0.25, free=7.75)
    assert fleet.node("n1").largest_free == 7


def test_fractions_of_several_cards() -> None:
    fleet = fleet_of(BIG, fraction("a", labels={}, gpu_fraction="0.5", gpu_fraction_num_devices="2"))
    assert fleet.totals().used == 1
    assert fleet_of(BIG, fraction("a", labels={}, gpu_fraction="2")).totals().used == 2


def test_memory_of_an_unknown_card_is_all_of_it() -> None:
    assert fleet_of(node(), fraction("a", labels={}, gpu_memory="4000")).totals().used == 1


def test_pending_fractions_ask_for_their_part() -> None:
    fleet = fleet_of(BIG, fraction("a", "", labels={}, gpu_fraction="0.3"))
    assert fleet.totals().pending == 0.3
    assert fleet.by_kind()["fraction"].pending == 0.3
    assert fleet.pending()[0].requests == (("gpu-fraction", 0.3),)


@pytest.mark.parametrize("text", ["half", "-0.5", "nan", "1e99"])
def test_what_is_no_number_is_a_problem(text: str) -> None:
    fleet = fleet_of(BIG, fraction("a", gpu_fraction=text))
    (problem,) = fleet.problems()
    assert problem.what == "pod team-a/a"
    assert repr(text) in problem.why
    assert fleet.totals().used == 0
