"""Queues as a screen keeps them: nothing is asked before somebody looks, and then of a server or a recording."""

from pathlib import Path

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.queues.kept import KINDS, FollowedQueues
from k8sai.queues.pending import pending, refs_of
from k8sai.queues.positions import read
from tests.commands.queue_canned import answers
from tests.commands.server import Canned, write_kubeconfig
from tests.queues.simulate_objects import gpu_tree, workload


def test_a_server_is_asked_from_the_start_on_and_tells_places_too(tmp_path: Path) -> None:
    objects = [*gpu_tree(), workload("ns-finetune", "first", 4), workload("ns-finetune", "second", 4)]
    items = [
        {
            "metadata": {"name": f"job-{name}", "namespace": "ns-finetune"},
            "localQueueName": "main",
            "positionInClusterQueue": place,
            "positionInLocalQueue": place,
        }
        for place, name in enumerate(("second", "first"))
    ]
    with Canned(answers(objects, told={"clusterqueues/finetune": (200, {"items": items})})) as canned:
        connection = connect(Options(kubeconfig=str(write_kubeconfig(tmp_path / "kubeconfig", canned.url))))
        kept = FollowedQueues(connection, lambda: LiveObjects(connection))
        assert {source.state for source in kept.sources()} == {"starting"}
        kept.stop()
        assert canned.paths == []
        kept.start()
        kept.start()
        assert kept.wait_synced(30)
        assert {source.kind for source in kept.sources() if source.state == "live"} >= set(KINDS)
        assert kept.version > 0
        setting = kept.setting()
        found = pending(setting, read(kept.ask, setting, ["finetune"]), refs_of(setting, queue="finetune"))
        kept.stop()
    assert [one.workload.title for one in found] == ["job/second", "job/first"]
    assert all(one.position is not None and one.position.exact for one in found)
