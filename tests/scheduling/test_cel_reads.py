"""Devices that agree in what a selector reads get one answer; a selector that may read more is asked of each."""

from itertools import count
from typing import Any

import pytest

from k8sai.scheduling import cel
from k8sai.scheduling.cel import device_value, matches
from k8sai.scheduling.cel_reads import reads
from k8sai.scheduling.selectors import SelectorError
from k8sai.scheduling.trial import Trial
from tests.scheduling.cluster import board, fact, node
from tests.scheduling.test_trial_devices import device, device_class, devices_of

Json = dict[str, Any]
D = "gpu.example.com"
_serial = count()


def card(kind: str = "gpu", memory: str = "80Gi", **more: Any) -> Json:
    """No two have the same serial number, as real devices."""
    return {
        "name": f"card-{next(_serial)}",
        "attributes": {
            "type": {"string": kind},
            "uuid": {"string": f"GPU-{next(_serial)}"},
            "other.example.com/type": {"string": "foreign"},
            "driverVersion": {"version": "1.2.3"},
        },
        "capacity": {"memory": {"value": memory}},
        **more,
    }


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The expressions that were really evaluated, once for each time."""
    seen: list[str] = []
    evaluate = cel._evaluate

    def counted(expression: str, value: Any) -> bool:
        seen.append(expression)
        return evaluate(expression, value)

    cel._answers.cache_clear()
    monkeypatch.setattr(cel, "_evaluate", counted)
    return seen


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("device.driver == 'x'", ()),
        ("device.allowMultipleAllocations", ()),
        (f"device.attributes['{D}'].type == 'gpu'", (("attributes", D, "type"),)),
        (f'device.attributes["{D}"]["type"] == "gpu"', (("attributes", D, "type"),)),
        (f"has(device.attributes['{D}'].type)", (("attributes", D, "type"),)),
        (
            f"device.capacity['{D}'].memory.compareTo(quantity('1Gi')) > 0 && device.attributes['{D}'].a.size() > 1",
            (("attributes", D, "a"), ("capacity", D, "memory")),
        ),
        (f"'type' in device.attributes['{D}']", None),
        (f"device.attributes['{D}'] == {{}}", None),
        ("device.attributes.size() > 1", None),
        (f"device.attributes['{D}'].exists(name, name == 'type')", None),
        (f"device.attributes['{D}'].?type.orValue('') == ''", None),
        ("device.attributes['gpu' + '.example.com'].type == 'gpu'", None),
        (f"[device].exists(d, d.driver == '{D}')", None),
    ],
)
def test_what_an_expression_reads(expression: str, expected: tuple[tuple[str, str, str], ...] | None) -> None:
    assert reads(expression) == expected


def test_devices_alike_in_it_are_evaluated_once(evaluated: list[str]) -> None:
    expression = f"device.attributes['{D}'].type == 'gpu'"
    assert [matches(expression, D, card(kind)) for kind in ("gpu", "mig", "gpu", "mig")] == [True, False, True, False]
    assert len(evaluated) == 2


@pytest.mark.parametrize(
    ("expression", "one", "other"),
    [
        ("device.allowMultipleAllocations", card(), card(allowMultipleAllocations=True)),
        (f"device.capacity['{D}'].memory.compareTo(quantity('40Gi')) >= 0", card(memory="10Gi"), card()),
        (f"has(device.attributes['{D}'].numa)", card(attributes={}), card(attributes={"numa": {"int": 0}})),
        (
            f"has(device.attributes['{D}'].numa)",
            card(attributes={"x.example.com/numa": {"int": 0}}),
            card(attributes={f"{D}/numa": {"int": 0}}),
        ),
    ],
)
def test_devices_that_differ_in_it_differ(expression: str, one: Json, other: Json) -> None:
    for _ in range(2):
        assert [matches(expression, D, device) for device in (one, other)] == [False, True]


def test_a_driver_lends_its_name_to_bare_names_only() -> None:
    expression = f"has(device.attributes['{D}'].type)"
    assert matches(expression, D, card())
    assert not matches(expression, "other.example.com", card())


def test_a_selector_that_may_read_everything_is_asked_of_each(evaluated: list[str]) -> None:
    expression = f"'type' in device.attributes['{D}']"
    assert [matches(expression, D, one) for one in (card(), card(attributes={}))] == [True, False]
    assert len(evaluated) == 2


def test_a_failure_is_no_answer() -> None:
    for _ in range(2):
        with pytest.raises(SelectorError, match="no such key: absent"):
            matches(f"device.attributes['{D}'].absent == 'x'", D, card())


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cel, "_MOST", 3)
    expression = f"device.attributes['{D}'].uuid != ''"
    assert all(matches(expression, D, card()) for _ in range(10))
    assert len(cel._answers(expression)) <= 3


def test_answers_are_those_of_an_evaluation() -> None:
    expression = f"device.attributes['{D}'].type == 'gpu'"
    for one in (card(), card("mig"), card()):
        assert matches(expression, D, one) == cel._evaluate(expression, device_value(D, one))


def test_questions_about_one_board_share_its_devices() -> None:
    """Each question looks at a copy of the board; what the devices are is worked out by the first."""
    kept = board([node("n0", 0)], resourceslices=[devices_of("n0", device("gpu-0"))], deviceclasses=[device_class()])
    first, second = Trial(kept)._devices()[0], Trial(kept)._devices()[0]
    assert first.inventory is second.inventory
    assert first.held is not second.held
    kept.put("resourceslices", fact("resourceslices", devices_of("n0", device("gpu-0"), device("gpu-1"))))
    assert len(Trial(kept)._devices()[0].inventory.devices) == 2
    assert len(first.inventory.devices) == 1
