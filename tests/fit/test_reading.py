"""What fit reads beyond nodes and pods, what it leaves alone, and what it says where it may not."""

from typing import Any

from k8sai.errors import Forbidden, NotFound
from k8sai.fit.ask import Asked, Group
from k8sai.fit.reading import Reader, claimed, drivers_of, furnish, left_out, rules_of, where_of
from k8sai.fit.scene import Where
from tests.fit.world import GPU, World, node
from tests.fleet.facts_by_hand import H100, card, claim, pod, resource_slice


class Kinds:
    """Objects by kind; a kind that is an error is raised. `asked` are the kinds that were read."""

    context = "test"

    def __init__(self, **kinds: Any) -> None:
        self.kinds = {key.replace("_", "."): value for key, value in kinds.items()}
        self.asked: list[str] = []

    def served(self, kind: str) -> bool:
        return kind.partition(".")[0] in self.kinds

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Any]:
        self.asked.append(kind.partition(".")[0])
        found = self.kinds.get(kind.partition(".")[0], [])
        if isinstance(found, Exception):
            raise found
        return [one for one in found if namespace in ("", one["metadata"].get("namespace"))]

    def get(self, kind: str, namespace: str, name: str) -> Any:
        for one in self.list(kind, namespace):
            if one["metadata"]["name"] == name:
                return one
        raise NotFound(name)


def asked(**spec: Any) -> Asked:
    pod = {"metadata": {"namespace": "a"}, "spec": {"containers": [{"name": "c"}], **spec}}
    return Asked((Group("pod", 1, pod),))


def test_only_what_the_question_depends_on_is_read() -> None:
    objects = Kinds()
    rules_of(Reader(objects), asked())
    assert objects.asked == ["resourcequotas", "limitranges"]


def test_priorities_and_overheads() -> None:
    objects = Kinds(
        priorityclasses=[{"metadata": {"name": "high"}, "value": 1000}],
        runtimeclasses=[{"metadata": {"name": "kata"}, "overhead": {"podFixed": {"cpu": "250m"}}}],
    )
    pods = asked(priorityClassName="high", runtimeClassName="kata")
    scene = World([node("n1")]).scene()
    scene.rules = rules_of(Reader(objects), pods)
    (group,) = scene.admitted(pods).groups
    assert (group.pod["spec"]["priority"], group.pod["spec"]["overhead"]) == (1000, {"cpu": "250m"})
    (candidate,) = scene.candidates(scene.admitted(pods))
    assert (candidate.info.priority, candidate.info.requests) == (1000, {"cpu": 250})


def test_a_template_of_the_cluster_is_read_once() -> None:
    devices = {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 2}}]}
    template = {"metadata": {"name": "two", "namespace": "a"}, "spec": {"spec": {"devices": devices}}}
    objects = Kinds(resourceclaimtemplates=[template])
    pods = asked(resourceClaims=[{"name": "g", "resourceClaimTemplateName": "two"}])
    scene = World([]).scene()
    scene.rules = rules_of(Reader(objects), pods)
    for _ in range(2):
        (candidate,) = scene.candidates(pods)
    assert candidate.claims[0]["spec"] == {"devices": devices}
    assert objects.asked.count("resourceclaimtemplates") == 1


def test_what_may_not_be_read_is_told_once() -> None:
    reader = Reader(Kinds(resourcequotas=Forbidden("eve may not", "ask")))
    pods = Asked((*asked().groups, Group("b", 1, {"metadata": {"namespace": "b"}, "spec": {"containers": []}})))
    assert rules_of(reader, pods).quotas == []
    assert [(gap.what, gap.why, gap.hint) for gap in reader.hidden] == [("resourcequotas", "eve may not", "ask")]


def test_no_objects_no_questions() -> None:
    reader = Reader(None)
    assert (reader.all("pods"), reader.one("pods", "a", "b"), reader.hidden) == ([], None, [])


def test_what_finished_pods_give_back() -> None:
    rules = rules_of(Reader(Kinds()), asked(), [pod("p", 2, "n1"), pod("q", 3, "n1")])
    assert {key: int(amount) for key, amount in rules.finished["team-a"].items()} == {
        "pods": 2,
        "count/pods": 2,
        "requests.nvidia.com/gpu": 5,
    }


def test_volumes_and_namespaces_are_read_where_they_matter() -> None:
    objects = Kinds(persistentvolumeclaims=[{"metadata": {"name": "v", "namespace": "a"}, "spec": {}}])
    world = World([node("n1")])
    furnish(Reader(objects), world.board, asked(), ())
    assert objects.asked == []
    furnish(
        Reader(objects), world.board, asked(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}]), ()
    )
    assert "persistentvolumeclaims" in objects.asked and ("a", "v") in world.board.storage.claims
    furnish(Reader(objects), world.board, asked(affinity={"podAffinity": {}}), ())
    assert objects.asked[-1] == "namespaces"


def test_nodes_by_what_they_are_called() -> None:
    found = where_of(World([node("n1", clique="c.1", zone="z"), node("n2", 0)]).fleet)
    assert found == {"n1": Where(H100, "c.1", "z"), "n2": Where()}


def test_nodes_where_a_unit_is_no_card() -> None:
    shared = node("n2", labels={"nvidia.com/gpu.replicas": "4"})
    assert left_out(World([node("n1"), shared]).fleet, GPU) == {"n2"}
    assert left_out(World([node("n1")]).fleet, GPU) == set()


def test_where_drivers_publish_devices() -> None:
    known = drivers_of(World([resource_slice([card(0)], node="n1")]).board)
    assert (known("n1"), known("n2")) == (True, False)
    everywhere = resource_slice([card(0)], node="", pool="p", all_nodes=True)
    assert drivers_of(World([everywhere]).board)("n2")


def test_devices_held_by_claims() -> None:
    held = claim("c", ["gpu-0", "gpu-1"], reserved=("p",))
    assert claimed(World([held]).board) == {"uid-team-a-p": 2}
