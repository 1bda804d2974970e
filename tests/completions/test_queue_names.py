"""Names that the verbs of `queue` take: queues, cohorts, Workloads and the jobs they stand for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.queue_canned import answers
from tests.commands.run import environment, run
from tests.commands.server import Canned, write_kubeconfig
from tests.queues.simulate_objects import Json, cluster_queue, cohort, local_queue, workload

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
Press = Callable[..., list[str]]


def of_kind(kind: str, one: Json) -> Json:
    one["metadata"]["ownerReferences"][0]["kind"] = kind
    return one


WORKLOADS = [
    workload("ml", "sft", 8),
    of_kind("JobSet", workload("ml", "train", 8)),
    of_kind("Unheard", workload("ml", "odd", 8)),
]
QUEUES = [cluster_queue("team-a", 8), local_queue("ml", "team-a", "batch"), cohort("all")]
JOBS = ["job/sft", "jobset/train", "workload/job-sft", "workload/job-train", "workload/job-odd"]


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Canned]:
    """Its parameters are plurals that may not be listed."""
    told = answers([*QUEUES, *WORKLOADS], getattr(request, "param", ()), own="ml")
    nothing = {f"{KUEUE}/namespaces/empty/localqueues": (200, {"kind": "PartialObjectMetadataList", "items": None})}
    with Canned({**told, **nothing}) as server:
        yield server


@pytest.fixture
def press(cluster: Canned, tmp_path: Path) -> Press:
    """Tab after these words of `k8sai queue`, until the answer is there; no press waits for the cluster."""
    write_kubeconfig(tmp_path / ".kube/config", cluster.url, namespace="ml")
    env = environment(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))

    def found(*words: str) -> list[str]:
        for _ in range(100):
            ran = run("kubectl_complete-k8sai", "queue", *words, env=env)
            *names, directive = ran.out.splitlines()
            assert (ran.code, ran.err, directive) == (0, "", ":4")
            if names:
                return names
        pytest.fail("the names never came")

    return found


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["pending", ""], ["cq/team-a", "lq/batch"]),
        (["pending", "-n", "empty", ""], ["cq/team-a"]),
        (["describe", ""], ["cq/team-a", "lq/batch", "cohort/all"]),
        (["describe", "co"], ["cohort/all"]),
        (["stop", ""], ["cq/team-a", "lq/batch", *JOBS]),
        (["resume", "workload/job-s"], ["workload/job-sft"]),
        (["move", ""], JOBS),
        (["move", "job/sft", "--to", ""], ["batch"]),
        (["why", "job"], ["job/sft", "jobset/train"]),
        (["simulate", "job/"], ["job/sft"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_names(press: Press, words: list[str], names: list[str]) -> None:
    assert press(*words) == names


@pytest.mark.parametrize("cluster", [("clusterqueues",)], indirect=True)
def test_what_may_not_be_read_has_no_names_and_hinders_no_others(press: Press) -> None:
    assert press("pending", "") == ["lq/batch"]


def test_a_fresh_answer_is_not_asked_for_again(press: Press, cluster: Canned) -> None:
    assert press("stop", "lq/") == ["lq/batch"]
    before = list(cluster.paths)
    assert press("resume", "cq/") == ["cq/team-a"]
    assert cluster.paths == before


def test_without_kueue_there_is_nothing_to_name(tmp_path: Path) -> None:
    """And no answer is an answer too: it is in the file, so that the next press does not ask."""
    with Canned({"/apis": (200, {"kind": "APIGroupList", "groups": []})}) as server:
        write_kubeconfig(tmp_path / ".kube/config", server.url)
        env = environment(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
        folder = tmp_path / "cache/k8sai/completion"
        while not list(folder.glob("*.json")):
            assert run("kubectl_complete-k8sai", "queue", "stop", "", env=env).out == ":4\n"
        assert [file.read_text() for file in folder.glob("*.json")] == ["[]"]
