"""What is read of a cluster, and what is said to be hidden where rights end at a namespace."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES, WORKLOADS, Setting, read
from tests.commands.queue_canned import GROUP, answers
from tests.commands.server import Canned, forbidden, write_kubeconfig
from tests.queues.simulate_objects import gpu_tree, setting


@pytest.fixture
def seen(tmp_path: Path) -> Any:
    """Read of a server with these refusals, by somebody whose context names ns-finetune."""

    def look(denied: Iterable[str] = (), *, own: bool = True, inside: str = "") -> Setting:
        found = answers(gpu_tree(), denied, own="ns-finetune" if own else "")
        if inside:
            path = f"/apis/{GROUP}/v1beta2/namespaces/ns-finetune/{inside}"
            found[path] = forbidden(inside, GROUP)
        with Canned(found) as canned:
            file = write_kubeconfig(tmp_path / "kubeconfig", canned.url)
            return read(LiveObjects(connect(Options(kubeconfig=str(file)))), "ns-finetune")

    return look


def test_with_all_rights_nothing_is_hidden(seen: Any) -> None:
    found, whole = seen(), setting(gpu_tree())
    assert found.hidden == () and found.within == {}
    assert found.workloads.keys() == whole.workloads.keys()


def test_what_is_denied_everywhere_is_read_in_the_own_namespace_and_hidden_elsewhere(seen: Any) -> None:
    found = seen(["workloads", "localqueues"])
    assert found.within == {LOCAL_QUEUES: "ns-finetune", WORKLOADS: "ns-finetune"}
    assert set(found.local_queues) == {"ns-finetune/main"}
    assert set(found.workloads) == {"ns-finetune/job-sft-70b", "ns-finetune/job-eval-grid"}
    assert found.blind(WORKLOADS) and found.blind(LOCAL_QUEUES)


def test_what_is_denied_there_too_is_hidden_there_too(seen: Any) -> None:
    found = seen(["workloads", "localqueues"], inside="workloads")
    assert found.within == {LOCAL_QUEUES: "ns-finetune"}
    assert found.workloads == {} and found.blind(WORKLOADS)


def test_kinds_of_the_whole_cluster_have_no_namespace_to_be_read_in(seen: Any) -> None:
    found = seen(["clusterqueues"])
    assert found.within == {} and found.cluster_queues == {} and found.blind(CLUSTER_QUEUES)
