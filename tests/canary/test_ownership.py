"""Who wrote a field, by managedFields."""

from k8sai.canary.checks.ownership import Owner, stranger, writer_of
from tests.canary.kept_by_git import Json, entry, route

WEIGHT = "/spec/rules/0/backendRefs/1/weight"
RULES: Json = {"f:spec": {"f:rules": {}}}


def test_an_atomic_list_has_one_owner_for_all_that_is_in_it() -> None:
    obj = route(fields=[entry("kubectl-client-side-apply", {"f:metadata": {"f:labels": {}}}), entry("k8sai", RULES)])
    assert writer_of(obj, WEIGHT) == Owner("k8sai", "Update", "2026-11-03T12:00:00Z", "/spec/rules")


def test_the_smallest_part_counts_then_the_latest_write() -> None:
    obj = route(
        fields=[
            entry("whole", {"f:spec": {}}, "2026-11-03T12:09:00Z"),
            entry("early", RULES, "2026-11-03T12:00:00Z"),
            entry("late", RULES, "2026-11-03T12:05:00Z", operation="Apply"),
        ]
    )
    found = writer_of(obj, WEIGHT)
    assert found is not None
    assert (found.manager, found.path) == ("late", "/spec/rules")
    assert found.said(1793707560.0) == "late (Apply) 60s ago"


def test_items_of_a_list_are_found_by_their_keys() -> None:
    obj = {
        "metadata": {
            "managedFields": [
                entry("a", {"f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}, "f:image": {}}}}}),
                entry("b", {"f:spec": {"f:containers": {'k:{"name":"side"}': {".": {}, "f:image": {}}}}}),
                entry("c", {"f:metadata": {"f:finalizers": {'v:"x"': {}}}}),
            ],
            "finalizers": ["x"],
        },
        "spec": {"containers": [{"name": "side", "image": "s"}, {"name": "main", "image": "m"}]},
    }
    assert getattr(writer_of(obj, "/spec/containers/1/image"), "manager", "") == "a"
    assert getattr(writer_of(obj, "/spec/containers/0/image"), "manager", "") == "b"
    assert getattr(writer_of(obj, "/metadata/finalizers/0"), "manager", "") == "c"
    assert writer_of(obj, "/spec/containers/0/command") is None
    assert writer_of(obj, "/spec/containers/7/image") is None


def test_whoever_owns_a_part_of_what_is_asked_for_owns_it() -> None:
    obj = route(fields=[entry("k8sai", {"f:spec": {"f:router": {"f:route": {"f:weight": {}}}}})])
    obj["spec"] = {"router": {"route": {"weight": 1}}}
    found = writer_of(obj, "/spec/router")
    assert found is not None
    assert found.path == "/spec/router"


def test_the_stranger_is_who_is_not_us() -> None:
    ours = route(fields=[entry("k8sai", RULES)])
    theirs = route(fields=[entry("argocd-controller", RULES, operation="Apply")])
    assert stranger(ours, WEIGHT) is None
    assert getattr(stranger(theirs, WEIGHT), "manager", "") == "argocd-controller"


def test_a_field_that_is_gone_was_taken_by_who_wrote_last() -> None:
    obj = route(
        fields=[
            entry("k8sai", {"f:spec": {"f:hostnames": {}}}, "2026-11-03T12:00:00Z"),
            entry("argocd-controller", {"f:spec": {"f:parentRefs": {}}}, "2026-11-03T12:05:00Z"),
            entry("gateway", {"f:status": {}}, "2026-11-03T12:09:00Z", subresource="status"),
        ]
    )
    found = stranger(obj, "/spec/canary")
    assert found is not None
    assert (found.manager, found.path) == ("argocd-controller", "")
