"""Rollouts where only one namespace may be read, and where there are more than can be looked at."""

from types import SimpleNamespace
from typing import Any

from k8sai.canary.facts import Phase
from k8sai.canary.keeping import form, names
from k8sai.canary.keeping.kept import STATE
from k8sai.canary.shown.live import LiveCanaries
from k8sai.errors import ClusterError, Forbidden, K8saiError, NotFound
from tests.canary.keepers import rollout, target

Json = dict[str, Any]


class Cluster:
    """States of rollouts; no target is there. `refuse` answers lists across namespaces."""

    context = "prod"

    def __init__(self, *states: Json, refuse: K8saiError | None = None) -> None:
        self.states, self.refuse = states, refuse
        self.lists: list[tuple[str, str]] = []
        self.gets: list[str] = []

    def served(self, kind: str) -> bool:
        return True

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        self.lists.append((kind, namespace))
        if self.refuse is not None and not namespace:
            raise self.refuse
        assert labels.startswith("k8sai.dev/canary=1")
        return (
            [one for one in self.states if namespace in ("", one["metadata"]["namespace"])] if "config" in kind else []
        )

    def get(self, kind: str, namespace: str, name: str) -> Json:
        self.gets.append(name)
        raise NotFound("gone")


def kept(namespace: str, name: str, phase: Phase = Phase.GATING, **more: Any) -> Json:
    ref = target(namespace, name)
    meta = names.metadata(names.state_at(ref), ref, "state")
    return {"metadata": meta, "data": {STATE: form.text(rollout(ref, phase=phase, **more))}}


def live(cluster: Cluster) -> LiveCanaries:
    connection: Any = SimpleNamespace(namespace="team", context="prod")
    objects: Any = cluster
    return LiveCanaries(connection, objects)


def test_who_may_not_list_across_namespaces_sees_his_own() -> None:
    cluster = Cluster(kept("team", "chat"), kept("other", "chat"), refuse=Forbidden("no"))
    found = live(cluster).read()
    assert (found.namespace, found.refused) == ("team", None)
    assert [one.key for one in found.found] == ["team/isvc/chat"]


def test_a_server_that_is_away_is_not_asked_twice() -> None:
    cluster = Cluster(refuse=ClusterError("away"))
    found = live(cluster).read()
    assert isinstance(found.refused, ClusterError)
    assert {namespace for _, namespace in cluster.lists} == {""}


def test_of_many_the_wanted_one_is_looked_at_first_and_what_is_over_not_at_all() -> None:
    ended = kept("team", "old", Phase.PROMOTED, ended="2026-11-21T09:00:00Z")
    cluster = Cluster(*(kept("team", f"m{number:02}") for number in range(30)), ended)
    found = live(cluster).read(["team/isvc/m29"])
    assert len(found.found) == 31
    assert len(cluster.gets) == 20
    assert "m29" in cluster.gets and "old" not in cluster.gets
    (last,) = [one for one in found.found if one.title == "isvc/m29"]
    assert last.look is not None and last.look.unseen == "isvc/m29 is gone"
    live(cluster).read(["team/isvc/old"])
    assert "old" in cluster.gets
