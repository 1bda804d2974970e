"""Label selectors and field selectors."""

import pytest

from k8sai.scheduling.selectors import labels_match
from k8sai.sim import kinds
from k8sai.sim.label_selectors import label_test
from k8sai.sim.selectors import field_test, selector_text
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
        ("in in (in,notin)", False),
        ("notin", False),
        ("tier in ()", False),
        ("tier in (,a)", True),
        ("gpus > 4 , tier", True),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    assert label_test(text)(LABELS) is matches


_INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer"
_OPERATOR = "in, notin, =, ==, !=, gt, lt"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a in", "unable to parse requirement: found '' expected: '('"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        ("a in ((b))", "unable to parse requirement: found '(', expected: ',', ')' or identifier"),
        ("a in (b)c", "found 'c', expected: ',' or 'end of string'"),
        ("in (b)", f"unable to parse requirement: found '(', expected: {_OPERATOR}"),
        ("a b", f"unable to parse requirement: found 'b', expected: {_OPERATOR}"),
        ("a!", f"unable to parse requirement: found '!', expected: {_OPERATOR}"),
        ("!!a", "unable to parse requirement: found '!', expected: identifier"),
        ("a=(b)", "unable to parse requirement: found '(', expected: identifier"),
        ("a===b", "unable to parse requirement: found '=', expected: identifier"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        (",a", "found ',', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a>b", f'unable to parse requirement: values[0]: Invalid value: "b": {_INTEGER}'),
    ],
)  # fmt: skip
def test_label_selectors_that_cannot_be_read(text: str, why: str) -> None:
    with pytest.raises(ApiFailure) as caught:
        label_test(text)
    assert (caught.value.code, caught.value.message) == (400, why)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a$=b", '<nil>: Invalid value: "a$": name part must consist of'),
        ("x/y/z=b", '<nil>: Invalid value: "x/y/z": a valid label key must consist of'),
        ("A/b", '<nil>: Invalid value: "A/b": prefix part a lowercase RFC 1123 subdomain must consist of'),
        ("/b", '<nil>: Invalid value: "/b": prefix part must be non-empty'),
        ("a/=c", '<nil>: Invalid value: "a/": name part must be non-empty; name part must consist of'),
        ("a=b$", 'values[0][a]: Invalid value: "b$": a valid label must be an empty string or consist of'),
    ],
)
def test_label_selectors_of_labels_that_cannot_be(text: str, start: str) -> None:
    with pytest.raises(ApiFailure) as caught:
        label_test(text)
    assert caught.value.message.startswith(f"unable to parse requirement: {start}")


def test_selectors_of_objects() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "app", "operator": "NotIn", "values": ["api"]},
        {"key": "gpus", "operator": "Exists"},
        {"key": "none", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"app": "web"}, "matchExpressions": expressions}
    assert labels_match(selector, LABELS)
    assert not labels_match(selector, {**LABELS, "none": ""})
    assert labels_match({}, LABELS)
    assert not labels_match(None, LABELS)
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
