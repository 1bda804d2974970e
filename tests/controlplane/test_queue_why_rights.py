"""`queue why` on a real Kueue: what is said to who may read little."""

import pytest

from k8sai.errors import Exit, Forbidden
from tests.contract.api import Json
from tests.controlplane.queue_cases import job
from tests.controlplane.queue_place import QueuePlace

pytestmark = pytest.mark.controlplane


RBAC = "/apis/rbac.authorization.k8s.io/v1"


def allow(place: QueuePlace, user: str, *rules: Json) -> None:
    """In the namespace; returns when the server allows it."""
    role = {"metadata": {"name": "reader"}, "rules": list(rules)}
    place.api.post(f"{RBAC}/namespaces/{place.namespace}/roles", role).ok()
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    binding = {"metadata": {"name": "reader"}, "roleRef": reference, "subjects": [subject]}
    place.api.post(f"{RBAC}/namespaces/{place.namespace}/rolebindings", binding).ok()
    attributes = {"verb": "list", "resource": "jobs", "group": "batch", "namespace": place.namespace}
    review = {"spec": {"resourceAttributes": attributes, "user": user}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    place.plane.processes.wait("the right", lambda: place.api.post(path, review).ok()["status"]["allowed"], 30)


READ = ["get", "list", "watch"]
IN_NAMESPACE = (
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": READ},
    {"apiGroups": [""], "resources": ["pods", "events", "limitranges"], "verbs": READ},
    {"apiGroups": ["kueue.x-k8s.io"], "resources": ["workloads", "localqueues"], "verbs": READ},
)


def test_with_rights_in_the_namespace_kueue_is_quoted(place: QueuePlace) -> None:
    place.queue()
    place.run(job("old", 5))
    place.create(job("train", 6))
    place.decided("train")
    allow(place, "alice", *IN_NAMESPACE)
    why = place.why("job/train", "alice")
    assert (why.code, why.exit) == ("WaitingForQuota", Exit.PARTIAL)
    assert why.message.startswith("Kueue said at ") and "3 more needed" in why.message
    hidden = {gap.what for gap in why.hidden}
    assert {"clusterqueues.kueue.x-k8s.io", "resourceflavors.kueue.x-k8s.io"} <= hidden


def test_who_may_not_read_the_job_is_told_so(place: QueuePlace) -> None:
    place.queue()
    place.create(job("train", 6))
    with pytest.raises(Forbidden):
        place.why("job/train", "bob")
