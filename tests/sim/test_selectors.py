"""Label selectors and field selectors."""

import pytest

from k8sai.sim import kinds
from k8sai.sim.selectors import field_test, label_test, selector_test, selector_text
from k8sai.sim.status import ApiFailure

PODS = kinds.find("", "pods")
LABELS = {"app": "web", "tier": "a", "gpus": "8", "nvidia.com/gpu.product": "H100"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("none!=web", True),
        ("app=web,tier=a", True),
        ("app=web,tier=b", False),
        ("tier in (a, b)", True),
        ("tier in (b)", False),
        ("tier notin (b,c)", True),
        ("none notin (b)", True),
        ("app", True),
        ("!app", False),
        ("!none", True),
        ("gpus>4", True),
        ("gpus<8", False),
        ("app>4", False),
        ("nvidia.com/gpu.product=H100", True),
        ("tier in (a,b),app in (web,api)", True),
        ("none=", False),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    assert label_test(text)(LABELS) is matches


@pytest.mark.parametrize("text", ["a in", "a=b=c", "!!a", "a in (b", "in (b)", "=x", "a b"])
def test_label_selectors_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ApiFailure) as caught:
        label_test(text)
    assert caught.value.code == 400


def test_selectors_of_objects() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "app", "operator": "NotIn", "values": ["api"]},
        {"key": "gpus", "operator": "Exists"},
        {"key": "none", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"app": "web"}, "matchExpressions": expressions}
    assert selector_test(selector)(LABELS)
    assert not selector_test(selector)({**LABELS, "none": ""})
    assert selector_test({})(LABELS)
    assert not selector_test(None)(LABELS)
    assert selector_text(selector) == "app=web,tier in (a,b),app notin (api),gpus,!none"
    assert selector_text(None) == "<none>"


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("metadata.name=p", True),
        ("metadata.namespace!=default", False),
        ("spec.nodeName=n1,status.phase=Running", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=", False),
        ("spec.hostNetwork=false", True),
    ],
)
def test_field_selectors(text: str, matches: bool) -> None:
    pod = {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running"},
    }
    assert field_test(text, PODS)(pod) is matches


def test_cordoned_nodes_and_slices_can_be_selected() -> None:
    nodes, slices = kinds.find("", "nodes"), kinds.find("resource.k8s.io", "resourceslices")
    assert field_test("spec.unschedulable=false", nodes)({"metadata": {"name": "n"}, "spec": {}})
    assert field_test("spec.unschedulable=true", nodes)({"metadata": {"name": "n"}, "spec": {"unschedulable": True}})
    one = {"metadata": {"name": "s"}, "spec": {"driver": "d", "nodeName": "n", "pool": {"name": "p"}}}
    assert field_test("spec.driver=d,spec.pool.name=p,spec.nodeName=n", slices)(one)


@pytest.mark.parametrize(
    ("group", "plural", "message"),
    [
        ("", "pods", "field label not supported: spec.color"),
        ("jobset.x-k8s.io", "jobsets", "field label not supported: spec.color"),
        (
            "resource.k8s.io",
            "resourceclaims",
            '"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    ],
)
def test_fields_nobody_can_select_by(group: str, plural: str, message: str) -> None:
    with pytest.raises(ApiFailure) as caught:
        field_test("spec.color=red", kinds.find(group, plural))
    assert (caught.value.code, caught.value.message) == (400, message)
